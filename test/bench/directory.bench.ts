// Fifty thousand accounts: lists and filters beside the bare SQL of the same page, the people picker, who is locked out, a class
// that changes, a domain that is shut.
import { sql } from 'kysely'
import type { AccountId, Draft, Hub } from '@atrium/protocol'
import { hashingPool } from '../../server/src/auth/index.ts'
import { inwardPatternsOf } from '../../server/src/directory/index.ts'
import { addAccounts } from './accounts.ts'
import { asking, command } from './asking.ts'
import { composed } from './composed.ts'
import { alternate, percentile, report, type Figure } from './rig.ts'

const people = 50_000
const page = 50
const rounds = 5
const timesARound = 150
const contacts = 60

const product = await composed()
const { db, house } = product
const hashing = hashingPool(1)
const { hub, call, home } = await asking(house, hashing)
const cos = await call('cos.create', { ...command(), name: 'Crowd' })
await addAccounts(db, people, home, cos.id)

async function timed(run: () => Promise<unknown>): Promise<number> {
  const at = performance.now()
  await run()
  return performance.now() - at
}
const p95 = (values: number[]) => percentile(values, 0.95)
/** 95 of 100 of a round take no longer. */
async function round(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  while (times.length < timesARound) times.push(await timed(run))
  return p95(times)
}

/** What a page costs at least: the same columns of the same rows by the same index, in one statement. Rights are not asked for. */
async function bare(after: [string, string] | undefined, search = ''): Promise<void> {
  const found = inwardPatternsOf(search).map((pattern) => sql`and account.words like ${pattern}`)
  await sql`select account.id, account.kind, account.name, main.address::text as address, account.domain_id,
      coalesce(account.cos_id, domain.default_cos_id) as cos_id, account.status, domain.status as domain_status, account.is_administrator,
      account.is_external, account.seen_at, account.created_at, account.picture_id, account.sort_key, lockout.until,
      array(select other.address::text from address as other where other.owner_id = account.id and not other.is_primary) as aliases
    from account join domain on domain.id = account.domain_id left join address as main on main.owner_id = account.id and main.is_primary
    left join lockout on lockout.account_id = account.id
    where account.kind <> 'guest' and account.status <> 'deleted' and account.deleted_at is null ${sql.join(found, sql` `)}
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
  for (const warmUp of [ours, baseline]) await round(warmUp)
  const found = await alternate(
    rounds,
    () => round(baseline),
    () => round(ours),
  )
  figures.push({
    what: `${what}, 95 of 100 within`,
    unit: 'ms',
    ours: found.ours,
    baseline: { what: 'the same page in one bare statement', values: found.baseline },
    reach: { atMost: 1.4 },
  })
  figures.push({ what: `${what}, by itself`, unit: 'ms', ours: found.ours, reach: { atMost: 50 } })
}

const far = await cursorAt(900)
const list = (asked: Partial<Draft<Hub, 'accounts.list'>>) => () => call('accounts.list', { limit: page, ...asked })
await compare('list page 1', list({}), () => bare(undefined))
await compare('list page 900', list({ after: far.cursor }), () => bare(far.bare))
await compare('list, filter by a word', list({ search: 'lindqvist' }), () => bare(undefined, 'lindqvist'))
await compare('list, filter by one address', list({ search: 'person.49123' }), () => bare(undefined, 'person.49123'))

// Somebody whom one talks with comes first: these are asked for, too.
const known = await sql<{
  id: AccountId
}>`select id from account where cos_id = ${cos.id} and status = 'active' order by id limit ${contacts}`.execute(db)
for (const { id } of known.rows) await call('chat.direct', { ...command(), accountId: id })
const searches = ['ann', 'müll', 'ngstr', 'z', 'bi', 'person.123', 'kowalska 4', 'rossi', 'ço', 'üna']
let asked = 0
const picking = () => round(() => call('directory.people', { search: searches[asked++ % searches.length]!, limit: 8 }))
await picking()
const picker: number[] = []
while (picker.length < rounds) picker.push(await picking())
figures.push({ what: 'people picker, 95 of 100 within', unit: 'ms', ours: picker, reach: { atMost: 30 } })

await sql`insert into lockout (key, account_id, since, until)
  select sha256(convert_to('account ' || id::text, 'UTF8')), id, now(), now() + interval '1 hour' from account where cos_id = ${cos.id} order by id limit 40`.execute(
  db,
)
await sql`vacuum analyze lockout`.execute(db)
const counts: number[] = []
for (let n = 0; n < timesARound; n++)
  counts.push(
    await timed(async () => {
      const { count } = await call('accounts.count', { isLockedOut: true })
      if (count !== 40) throw new Error(`${count} are locked out.`)
    }),
  )
figures.push({ what: 'how many are locked out, 95 of 100 within', unit: 'ms', ours: [p95(counts)], reach: { atMost: 10 } })

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
