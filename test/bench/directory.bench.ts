// Fifty thousand accounts: lists and filters beside the bare SQL of the same page, the people picker, a class that changes, a domain that is shut.
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { dispatcher, type Actor, type Call } from '@atrium/platform'
import {
  contract,
  type AccountId,
  type CosId,
  type Draft,
  type DomainId,
  type Hub,
  type OperationName,
  type Output,
  type SessionId,
} from '@atrium/protocol'
import { hashingPool, setupLink } from '../../server/src/auth/index.ts'
import { searchableWords } from '../../server/src/directory/index.ts'
import { slices } from '../../server/src/slices.ts'
import { fold } from '../../protocol/src/fold.ts'
import { composed } from './composed.ts'
import { percentile, report, type Figure } from './rig.ts'

const people = 50_000
const page = 50
const rounds = 40

const pick = <T>(from: readonly T[], n: number): T => from[n % from.length]!
const given = [
  'Zoë',
  'Émile',
  'Anna',
  'Björn',
  'Chiara',
  'Dmitri',
  'Eszter',
  'Fatima',
  'Giulia',
  'Håkon',
  'Inês',
  'José',
  'Karel',
  'Łucja',
  'Māra',
]
const surnames = [
  'Ångström',
  'Bianchi',
  'Černý',
  'Dubois',
  'Eze',
  'Fischer',
  'García',
  'Horváth',
  'Ivanov',
  'Jäger',
  'Kowalska',
  'Lindqvist',
  'Müller',
  'Nowak',
  'O’Brien',
  'Petrov',
  'Rossi',
  'Škoda',
  'Tóth',
  'Ünal',
]

const product = await composed()
const { db, house } = product
const hashing = hashingPool(1)
const hub = slices({ ...house, hashing, origin: 'http://localhost', source: '', streamTo: [], quotaBytes: 2 ** 40 })
const only = new Set([...Object.keys(hub.handlers), ...Object.keys(hub.nudges)])
const dispatch = dispatcher(
  Object.fromEntries(Object.entries(contract).filter(([name]) => only.has(name))) as Hub,
  hub.handlers as never,
  hub.nudges as never,
  { ...house, throttle: { take: () => 0 }, authority: hub.granted.authority },
)
const me: { actor?: Actor } = {}
async function call<K extends OperationName<Hub>>(name: K, input: Draft<Hub, K>): Promise<Output<Hub, K>> {
  const how = { door: 'http', source: '127.0.0.1', userAgent: 'bench', requestId: randomUUID(), origin: 'http://localhost' }
  const reply = await dispatch(me.actor, name, input, { ...how, session: { begin() {}, end() {} } } as unknown as Call)
  if (!reply.ok) throw new Error(`${name}: ${JSON.stringify(reply.error)}`)
  return reply.data as Output<Hub, K>
}
const command = () => ({ clientId: randomUUID() })

const link = await setupLink({ db, now: house.now })
const begun = await call('setup.finish', {
  ...command(),
  ...{ token: link!.path.split('/').at(-1)!, organisation: 'Bench', domain: 'bench.example', name: 'Ada Bench' },
  ...{ address: 'ada@bench.example', password: 'seven quiet herons' },
})
if (!('accountId' in begun)) throw new Error('The set-up is not over.')
me.actor = { accountId: begun.accountId, kind: 'person', sessionId: randomUUID() as SessionId, scope: null }
const [home] = (await call('domains.list', {})).domains
const cos = await call('cos.create', { ...command(), name: 'Crowd' })
await fill(home!.id, cos.id)

async function fill(domainId: DomainId, cosId: CosId): Promise<void> {
  for (let from = 0; from < people; from += 5_000) {
    const rows = Array.from({ length: 5_000 }, (_, i) => {
      const n = from + i
      const name = `${pick(given, n * 7 + (n >> 4))} ${pick(surnames, n * 3 + (n >> 3))} ${n}`
      const address = `person.${n}@bench.example`
      return {
        id: randomUUID(),
        name,
        address,
        sort_key: fold(name),
        words: searchableWords(name, [address]),
        at: new Date(Date.UTC(2024, 0, 1) + n * 60_000),
      }
    })
    const given_ = sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as made (id uuid, name text, address text, sort_key text, words text, at timestamptz)`
    await sql`insert into account (id, kind, name, title, status, is_administrator, joined_at, created_at, sort_key, words, domain_id, cos_id, seen_at)
      select id, 'person', name, '', case when right(name, 3) = '777' then 'locked' else 'active' end, false, at, at, sort_key, words, ${domainId}, ${cosId}, at from ${given_}`.execute(
      db,
    )
    await sql`insert into address (address, owner_kind, owner_id, is_primary) select address, 'account', id, true from ${given_}`.execute(
      db,
    )
    await sql`insert into session (id, account_id, account_kind, secret_hash, device, source, started_at, seen_at, expires_at)
      select gen_random_uuid(), id, 'person', decode(md5(id::text), 'hex'), 'Bench', '127.0.0.1', now(), now(), now() + interval '14 days' from ${given_}`.execute(
      db,
    )
  }
  await sql`vacuum analyze account, address, session, domain, cos`.execute(db)
}

const timed = async (run: () => Promise<unknown>): Promise<number> => {
  const at = performance.now()
  await run()
  return performance.now() - at
}
const p95 = (values: number[]) => percentile(values, 0.95)

/** What a page costs at least: the same rows by the same index, in one statement. */
async function bare(after: [string, string] | undefined, words?: string): Promise<void> {
  await sql`select account.id, account.kind, account.name, main.address::text as address, account.domain_id, account.cos_id, account.status,
      account.is_administrator, account.is_external, account.seen_at, account.created_at, account.picture_id,
      array(select other.address::text from address as other where other.owner_id = account.id and not other.is_primary) as aliases
    from account left join address as main on main.owner_id = account.id and main.is_primary
    where account.kind <> 'guest' and account.status <> 'deleted' and account.deleted_at is null
      ${words === undefined ? sql`` : sql`and account.words like ${words}`}
      ${after === undefined ? sql`` : sql`and (account.sort_key, account.id) > (${after[0]}, ${after[1]}::uuid)`}
    order by account.sort_key, account.id limit ${page + 1}`.execute(db)
}

/** Where a page begins that lies far behind. */
async function cursorAt(pages: number): Promise<{ cursor: string; bare: [string, string] }> {
  const { rows } = await sql<{ sortKey: string; id: string }>`select sort_key, id from account where kind <> 'guest' and status <> 'deleted'
    order by sort_key, id limit 1 offset ${pages * page - 1}`.execute(db)
  const { sortKey, id } = rows[0]!
  return { cursor: Buffer.from(JSON.stringify([sortKey, id])).toString('base64url'), bare: [sortKey, id] }
}

const figures: Figure[] = []
async function compare(what: string, ours: () => Promise<unknown>, baseline: () => Promise<unknown>): Promise<void> {
  for (let warm = 0; warm < 5; warm++) await Promise.all([ours(), baseline()])
  const [mine, theirs] = [[] as number[], [] as number[]]
  for (let round = 0; round < rounds; round++)
    for (const side of round % 2 ? [mine, theirs] : [theirs, mine]) side.push(await timed(side === mine ? ours : baseline))
  const reach = { atMost: 1.4 } as const
  figures.push({
    what: `${what}, p95`,
    unit: 'ms',
    ours: [p95(mine)],
    baseline: { what: 'the same page in bare SQL', values: [p95(theirs)] },
    reach,
  })
  figures.push({ what: `${what}, p95 by itself`, unit: 'ms', ours: [p95(mine)], reach: { atMost: 50 } })
}

const far = await cursorAt(900)
const list = (asked: Partial<Draft<Hub, 'accounts.list'>>) => () => call('accounts.list', { limit: page, ...asked })
await compare('list page 1', list({}), () => bare(undefined))
await compare('list page 900', list({ after: far.cursor }), () => bare(far.bare))
await compare('list, filter by a word', list({ search: 'lindqvist' }), () => bare(undefined, '%lindqvist%'))
await compare('list, filter by one address', list({ search: 'person.49123' }), () => bare(undefined, '%49123%'))

const picker: number[] = []
for (const search of ['ann', 'müll', 'ngstr', 'z', 'bi', 'person.123', 'kowalska 4', 'rossi', 'ço', 'üna'])
  for (let n = 0; n < 8; n++) picker.push(await timed(() => call('directory.people', { search, limit: 8 })))
figures.push({ what: 'people picker, p95', unit: 'ms', ours: [p95(picker)], reach: { atMost: 30 } })

const changes: number[] = []
for (let n = 0; n < 5; n++) {
  const dark = n % 2 === 0
  const some = await sql<{ id: AccountId }>`select id from account where cos_id = ${cos.id} order by random() limit 200`.execute(db)
  changes.push(
    await timed(async () => {
      await call('cos.change', { ...command(), cosId: cos.id, values: { 'preferences.theme': dark ? 'dark' : 'light' } })
      const values = await hub.known.valuesIn(
        db,
        some.rows.map(({ id }) => id),
      )
      if ([...values.values()].some((one) => one['preferences.theme'] !== (dark ? 'dark' : 'light'))) throw new Error('Not effective.')
    }),
  )
}
figures.push({ what: 'a class of 50,000 changes, until effective', unit: 'ms', ours: changes, reach: { atMost: 1_000 } })

const other = await call('domains.create', { ...command(), name: 'crowd.example' })
await sql`update account set domain_id = ${other.id} where cos_id = ${cos.id}`.execute(db)
await sql`vacuum analyze account`.execute(db)
const shut = await timed(() => call('domains.status', { ...command(), domainId: other.id, status: 'locked' }))
figures.push({ what: 'a domain of 50,000 with a session each is shut', unit: 'ms', ours: [shut], reach: { atMost: 1_000 } })

const isReached = report('directory', figures)

await hub.stop()
await hashing.close()
await product.close()
process.exitCode = isReached ? 0 : 1
