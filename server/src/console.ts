import { randomUUID } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import {
  dispatcher,
  enqueue,
  jsonLog,
  newId,
  now,
  throttle,
  tracer,
  withdraw,
  workshop,
  type Actor,
  type Call,
  type Config,
  type Jobs,
} from '@atrium/platform'
import { platformMigrations } from '@atrium/platform/db/migrate'
import { openBlobs, openBus } from '@atrium/platform/house'
import { metrics as openMetrics } from '@atrium/platform/metrics'
import { openOutgoing } from '@atrium/platform/outgoing'
import { leases, nodeOf } from '@atrium/platform/placement'
import { ed25519Tickets } from '@atrium/platform/tickets'
import { contract, type AccountId, type Hub, type Reply } from '@atrium/protocol'
import { migrations } from '../migrations/index.ts'
import { hashingPool } from './auth/index.ts'
import { listAdministrators } from './directory/index.ts'
import { slices } from './slices.ts'

interface ConsoleDeps {
  config: Config
  db: Kysely<any>
  version: string
  /** Where links of letters lead. */
  origin: string
  /** Who asks, on this machine. */
  user: string
}

/**
 * The same operations through the same dispatch, for who sits at the hub's own machine: with every right, and in the audit log as
 * what was done at the console by this user of the machine. Works on the database, beside a hub that runs or without one: what a
 * running one must know it reads from the journal, and letters wait for it.
 */
export async function openConsole({ config, db, version, origin, user }: ConsoleDeps) {
  await mustBeOurs(db)
  const log = jsonLog('silent')
  const span = tracer(log, false)
  const [bus, blobs] = await Promise.all([openBus(config, log, openMetrics(), span), openBlobs(config)])
  const hashing = hashingPool(1)
  const node = nodeOf('console')
  const { id: epoch } = await db.selectFrom('epoch').select('id').executeTakeFirstOrThrow()
  const hub = slices({
    ...{ log, node, version, epoch, bus, blobs, hashing, origin, now, newId },
    jobs: forLater,
    databaseOf: workshop(db, bus),
    throttle: throttle(db),
    tickets: ed25519Tickets({ db, node, now, newId }),
    placement: leases(db),
    outgoing: openOutgoing(),
    source: config.source,
    streamTo: config.streamTo,
    quotaBytes: config.quotaBytes,
  })
  let fault: unknown
  const note = ({ error }: { error?: unknown }) => void (fault = error)
  const offered = Object.fromEntries(Object.entries(contract).filter(([name]) => name in hub.handlers || name in hub.nudges)) as Hub
  const dispatch = dispatcher(offered, hub.handlers as never, hub.nudges as never, {
    authority: hub.authority,
    throttle: { take: () => 0 },
    log: { debug() {}, warn: note, error: note },
  })
  const [first] = await listAdministrators(db)
  if (!first) throw new Error('Nobody has set this hub up yet: open the set-up link that the hub prints when it starts.')
  // What asks for a person, such as who invited somebody, is told of the first administrator; the audit log is told the truth.
  const actor: Actor = { accountId: first.id, kind: 'person', sessionId: noSession, scope: null, through: { kind: 'console' } }

  return {
    async ask(name: string, input: unknown): Promise<Reply<unknown>> {
      const call: Call = { door: 'socket', source: user, userAgent: '', requestId: randomUUID(), session: undefined, origin }
      const reply = await dispatch(actor, name, input, call)
      if (!reply.ok && reply.error.code === 'internal') throw new Error(`${name} broke.`, { cause: fault })
      return reply
    },
    /** Whose address this is, also one of several. */
    accountAt: async (address: string): Promise<AccountId | undefined> => (await hub.known.byAddress(address.toLowerCase()))?.id,
    async close(): Promise<void> {
      await hub.stop()
      await Promise.all([hashing.close(), bus.close(), blobs.close()])
    },
  }
}

/** Tables as this version of the hub left them: another's are not ours to write in. */
async function mustBeOurs(db: Kysely<any>): Promise<void> {
  const { rows } = await sql<{ name: string | null }>`select to_regclass('migration')::text as name`.execute(db)
  const done = rows[0]!.name === null ? [] : await db.selectFrom('migration').select('name').execute()
  const names = new Set(done.map(({ name }) => name))
  if (Object.keys({ ...platformMigrations, ...migrations }).some((name) => !names.has(name)))
    throw new Error('The database is older than this version of Atrium. Start the hub once: it brings it up to date.')
}

const noSession = '00000000-0000-0000-0000-000000000000' as Actor['sessionId']

/** Jobs are done by a hub: the one that runs, or that starts next. */
const forLater: Jobs = { enqueue, withdraw, register() {}, every() {}, async drain() {} }
