import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { PoolConfig } from 'pg'
import { dispatcher, jobs, memoryBus, throttle, workshop, type Actor, type Call, type Event } from '@atrium/platform'
import { diskBlobs } from '@atrium/platform/blobs/disk'
import { outbox } from '@atrium/platform/mail/outbox'
import { jsonLog } from '@atrium/platform/log'
import { openOutgoing } from '@atrium/platform/outgoing'
import { leases, nodeOf } from '@atrium/platform/placement'
import { cloneDatabase } from '@atrium/platform/testing'
import { ed25519Tickets } from '@atrium/platform/tickets'
import { contract, type AccountId, type Draft, type Failure, type Hub, type OperationName, type Output, type Reply } from '@atrium/protocol'
import { hashingPool, setupLink, type Hashing } from '../../auth/index.ts'
import { slices, type Ground } from '../../slices.ts'

export type House = Awaited<ReturnType<typeof house>>
export type Someone = ReturnType<House['somebody']>
interface Caller {
  call<K extends OperationName<Hub>>(name: K, said: Said<K>): Promise<Output<Hub, K>>
}
/** In a test the `clientId` may be left out: each call is then a new one. */
type Said<K extends OperationName<Hub>> =
  Draft<Hub, K> extends { clientId: string } ? Omit<Draft<Hub, K>, 'clientId'> & { clientId?: string } : Draft<Hub, K>

export const password = 'seven quiet herons'
export const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

/** People, their sessions, pictures and rooms on a database of their own: real dispatch, real PostgreSQL, real hashing; no network. */
export async function house(cluster: PoolConfig) {
  const statements: string[] = []
  const { db, close } = await cloneDatabase(cluster, (event) => void (event.level === 'query' && statements.push(event.query.sql)))
  const { rows } = await sql<{ id: string }>`select id from epoch`.execute(db)
  const bus = memoryBus()
  const heard: Event[] = []
  bus.subscribe('directory:all', (event) => heard.push(event))
  bus.subscribe('revocations:all', (event) => heard.push(event))
  const log = jsonLog('silent')
  const folder = await mkdtemp(join(tmpdir(), 'atrium-blobs-'))
  const blobs = await diskBlobs(folder)

  let ahead = 0
  const now = () => new Date(Date.now() + ahead)
  const pool = hashingPool(2)
  const work = { hashed: 0, verified: 0 }
  const hashing: Hashing = {
    ...pool,
    hash: (secret) => (work.hashed++, pool.hash(secret)),
    verify: (hash, secret) => (work.verified++, pool.verify(hash, secret)),
  }
  const queue = jobs({ db, bus, log })
  const mail = outbox({ db, now, newId: randomUUID })
  const ground: Ground = {
    databaseOf: workshop(db, bus),
    epoch: rows[0]!.id,
    bus,
    blobs,
    jobs: queue,
    throttle: throttle(db),
    tickets: ed25519Tickets({ db, node: nodeOf('test'), now, newId: randomUUID }),
    version: '0.0.0',
    placement: leases(db),
    outgoing: openOutgoing({ resolve: async (host) => (host === 'live.example.org' ? ['93.184.215.14'] : ['10.0.0.7']) }),
    source: 'https://source.example/atrium',
    streamTo: ['10.9.0.0/16'],
    quotaBytes: 10_000_000,
    node: nodeOf('test'),
    log,
    origin: 'https://hub.example',
    hashing,
    now,
    newId: randomUUID,
  }
  const hub = slices(ground)
  const faults: unknown[] = []
  const note = (...said: unknown[]) => void faults.push(...said)
  const only = <K extends string>(name: K) => name in hub.handlers || name in hub.nudges
  const dispatch = dispatcher(
    Object.fromEntries(Object.entries(contract).filter(([name]) => only(name))) as Hub,
    hub.handlers as never,
    hub.nudges as never,
    { authority: hub.authority, throttle: { take: () => 0 }, log: { debug() {}, warn: note, error: note }, checksOutput: true },
  )

  /** Somebody at a browser: it keeps the cookie, and a request stands for whoever the cookie stands for. */
  function somebody({ source = '10.0.0.1', userAgent = firefox }: { source?: string; userAgent?: string } = {}) {
    const browser = {
      secret: undefined as string | undefined,
      /** The mark of a browser that was trusted. */
      device: undefined as string | undefined,
      accountId: '' as AccountId,
      actor: async (): Promise<Actor | undefined> => (browser.secret === undefined ? undefined : hub.sessions.sessionOf(browser.secret)),
      unfinished: async (): Promise<Actor | undefined> =>
        browser.secret === undefined ? undefined : hub.sessions.unfinishedOf(browser.secret),

      async ask<K extends OperationName<Hub>>(name: K, said: Said<K>): Promise<Reply<Output<Hub, K>>> {
        const call: Call = {
          door: 'http',
          source,
          userAgent,
          requestId: randomUUID(),
          session: { begin: (secret) => void (browser.secret = secret), end: () => void (browser.secret = undefined) },
          device: { secret: browser.device, trust: (secret) => void (browser.device = secret) },
          origin: 'https://hub.example',
        }
        const input = contract[name].kind === 'command' ? { clientId: randomUUID(), ...(said as object) } : said
        const reply = (await dispatch((await browser.actor()) ?? (await browser.unfinished()), name, input, call)) as Reply<Output<Hub, K>>
        if (!reply.ok && reply.error.code === 'internal') throw new Error(`${name} broke`, { cause: faults.at(-1) })
        return reply
      },
      /** For the happy path: a refusal fails the test. */
      async call<K extends OperationName<Hub>>(name: K, said: Said<K>): Promise<Output<Hub, K>> {
        const reply = await browser.ask(name, said)
        return reply.ok ? reply.data : assert.fail(`${name}: ${JSON.stringify(reply.error)}`)
      },
      async refusal<K extends OperationName<Hub>>(name: K, said: Said<K>): Promise<Failure> {
        const reply = await browser.ask(name, said)
        return reply.ok ? assert.fail(`${name} was not refused`) : reply.error
      },
      async signIn(address: string, secret = password) {
        const signedIn = await browser.call('auth.signIn', { address, password: secret })
        if (signedIn.state === 'in') browser.accountId = signedIn.accountId
        return browser
      },
    }
    return browser
  }

  const tokenOf = ({ path }: { path: string }) => path.split('/').at(-1)!

  /** The organisation, and the browser of its first administrator. */
  async function founded() {
    const founder = somebody()
    const link = await setupLink({ db, now })
    if (!link) throw new Error('This house is set up already.')
    const founding = {
      organisation: 'Saltmarsh Boatworks',
      domain: 'saltmarsh.example',
      name: 'Ada Lindqvist',
      address: 'ada@saltmarsh.example',
    }
    founder.accountId = (await founder.call('setup.finish', { ...founding, token: tokenOf(link), password })).accountId
    return founder
  }

  /** A colleague who was invited and came in. */
  async function colleague(administrator: Caller, name: string, more: { isAdministrator?: boolean; address?: string } = {}) {
    const { address = `${randomUUID().slice(0, 8)}@saltmarsh.example`, isAdministrator = false } = more
    const { invitation } = await administrator.call('directory.person.add', { name, address, isAdministrator })
    const browser = somebody()
    const came = await browser.call('auth.invitation.accept', { token: tokenOf(invitation), password })
    if (came.state === 'in') browser.accountId = came.accountId
    return Object.assign(browser, { address })
  }

  return {
    db,
    hub,
    ground,
    statements,
    heard,
    work,
    blobs,
    queue,
    mail,
    somebody,
    founded,
    colleague,
    tokenOf,
    now,
    later: (ms: number) => void (ahead += ms),
    async close() {
      await queue.drain()
      await pool.close()
      await close()
      await rm(folder, { recursive: true })
    },
  }
}
