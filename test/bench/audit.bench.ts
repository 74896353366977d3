// Half a million entries of the audit log: who did it, to what, where, when, and words.
import { sql } from 'kysely'
import type { AccountId, Draft, Hub } from '@atrium/protocol'
import { summaries } from '@atrium/protocol/summaries'
import { hashingPool } from '../../server/src/auth/index.ts'
import { addAccounts } from './accounts.ts'
import { asking, command } from './asking.ts'
import { composed } from './composed.ts'
import { percentile, report, type Figure } from './rig.ts'

const entries = 500_000
const people = 20_000
const times = 40

const product = await composed()
const { db } = product
const hashing = hashingPool(1)
const { call, accountId: ada, home } = await asking(product.house, hashing)
const cos = await call('cos.create', { ...command(), name: 'Crowd' })
await addAccounts(db, people, home, cos.id)
const small = await call('domains.create', { ...command(), name: 'small.example' })

/** Half of it by one administrator, some by whoever looks through another's eyes, little in a small domain, three of a hundred refused. */
const operations = Object.keys(summaries).filter((name) => /^(accounts|cos|domains|lists|grants|resources)\./.test(name))
// Indexes of words are made afterwards: entry by entry that takes minutes.
const { rows: indexes } = await sql<{ name: string; definition: string }>`
  select indexname as name, indexdef as definition from pg_indexes where tablename = 'audit_entry' and indexdef like '% gin %'`.execute(db)
for (const { name } of indexes) await sql`drop index ${sql.id(name)}`.execute(db)
await sql`
  insert into audit_entry (at, actor_id, opened_by, source, door, operation, target_kind, target_id, target_name, domain_id, outcome, refusal, before, after)
  select now() - make_interval(secs => (${entries} - n) * 120),
    case when n % 2 = 0 then ${ada}::uuid else others.ids[1 + n / 7 % 40] end,
    case when n % 500 = 1 then others.ids[41] end, '192.0.2.' || n % 200, 'browser',
    (${operations}::text[])[1 + (n * 31 + n / 97) % ${operations.length}],
    'account', targets.ids[1 + (n * 7919::bigint) % ${people}], targets.names[1 + (n * 7919::bigint) % ${people}],
    case when n % 1000 = 3 then ${small.id}::uuid else ${home}::uuid end,
    case when n % 33 = 0 then 'refused' else 'done' end, case when n % 33 = 0 then 'forbidden' end,
    jsonb_build_object('status', 'active', 'title', 'Sailmaker ' || n % 50), jsonb_build_object('status', 'locked', 'title', 'Sailmaker ' || n % 50)
  from generate_series(1, ${entries}::int) as n,
    (select array_agg(id order by id) as ids from (select id from account where cos_id = ${cos.id} order by id limit 41) as chosen) as others,
    (select array_agg(id::text order by id) as ids, array_agg(name order by id) as names from account where cos_id = ${cos.id}) as targets`.execute(
  db,
)
for (const { definition } of indexes) await sql.raw(definition).execute(db)
await sql`vacuum analyze audit_entry`.execute(db)

const [{ opener, target } = { opener: ada, target: '' }] = (
  await sql<{ opener: AccountId; target: AccountId }>`select opened_by as opener, target_id as target from audit_entry
    where opened_by is not null order by seq limit 1`.execute(db)
).rows
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()
const asked: Record<string, Draft<Hub, 'audit.list'>> = {
  'the newest': {},
  'far behind': { before: 50_000 },
  'who did most': { actorId: ada },
  'who did little': { actorId: opener },
  'what was done to one': { targetId: target },
  'a small domain': { domainId: small.id },
  'a day of a year ago': { from: daysAgo(366), to: daysAgo(365) },
  'until a year ago': { to: daysAgo(365) },
  'a rare deed of one, long ago': { actorId: ada, operations: ['cos.delete'], to: daysAgo(365) },
  'a kind of deeds': { operations: ['accounts'] },
  'what was refused': { outcome: 'refused' },
  'what was refused in the small domain': { outcome: 'refused', domainId: small.id },
  'the name of one': { search: 'lindqvist 1234' },
  'a name that many have': { search: 'lindqvist' },
  'words of a deed': { search: 'class delete' },
  'words of a deed, and a name': { search: 'locked lindqvist' },
  'a word that nothing has': { search: 'zzyzx' },
}
const figures: Figure[] = []
for (const [what, filter] of Object.entries(asked)) {
  const took: number[] = []
  for (let n = 0; n < times; n++) {
    const at = performance.now()
    await call('audit.list', { limit: 50, ...filter })
    took.push(performance.now() - at)
  }
  figures.push({ what: `${what}, 95 of 100 within`, unit: 'ms', ours: [percentile(took, 0.95)], reach: { atMost: 50 } })
}
const isReached = report('The audit log', figures)

await hashing.close()
await product.close()
process.exit(isReached ? 0 : 1)
