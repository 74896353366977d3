import assert from 'node:assert/strict'
import { sql } from 'kysely'
import { afterAll, beforeAll, inject, test } from 'vitest'
import type { AuditEntry, Hub, Input } from '@atrium/protocol'
import { domains, type Colleague, type Domains } from '../grants/testing/domains.ts'
import { bounded, masked } from './rules.ts'

let here: Domains
let bob: Colleague
let helen: Colleague
beforeAll(async () => {
  here = await domains(inject('cluster'))
  bob = await here.domainAdministrator('Bob')
  helen = await here.domainAdministrator('Helen', here.harbour)
})
afterAll(() => here?.close())

const newest = async (operation: string, by: Pick<Colleague, 'call'> = here.ada): Promise<AuditEntry> =>
  (await by.call('audit.list', { operation, limit: 1 })).entries[0]!

test('what an administrator did is written with it: who, what, to what, from where, before and after', async () => {
  const list = await here.list(bob, 'Crew')
  const made = await newest('lists.create')
  assert.deepEqual(
    [made.actor?.id, made.outcome, made.door, made.source, made.domainId],
    [bob.accountId, 'done', 'browser', '10.0.0.1', here.saltmarsh],
  )
  assert.deepEqual(made.target, { kind: 'list', id: list.id, name: 'Crew' })
  await bob.call('lists.change', { listId: list.id, name: 'The crew', isHidden: true })
  const { before, after } = await newest('lists.change')
  assert.deepEqual(
    [before, after],
    [
      { name: 'Crew', isHidden: false },
      { name: 'The crew', isHidden: true },
    ],
  )
  await bob.call('lists.delete', { listId: list.id })
  const gone = await newest('lists.delete')
  assert.deepEqual([gone.target?.name, gone.domainId, gone.after], ['The crew', here.saltmarsh, null])
})

test('what was refused is written, too: by right, by password, and by what stands against it', async () => {
  const list = await here.list(bob, 'Watched')
  await helen.refusal('lists.delete', { listId: list.id })
  const refused = await newest('lists.delete')
  assert.deepEqual(
    [refused.actor?.id, refused.outcome, refused.refusal, refused.domainId],
    [helen.accountId, 'refused', 'notFound', here.saltmarsh],
  )
  await bob.refusal('lists.change', { listId: list.id, url: 'ldap:///??sub?(cn=*)' })
  assert.equal((await newest('lists.change')).refusal, 'lists.notDynamic')
  const { entries } = await here.ada.call('audit.list', { operation: 'lists.change', outcome: 'refused' })
  assert.ok(entries.length > 0 && entries.every(({ outcome }) => outcome === 'refused'))
})

test('a change that is undone leaves no entry that says it was done', async () => {
  const list = await here.list(bob, 'Itself')
  await bob.refusal('lists.members.change', { listId: list.id, add: [list.address] })
  const { entries } = await here.ada.call('audit.list', { targetId: list.id })
  assert.deepEqual(
    entries.map(({ operation, outcome }) => [operation, outcome]),
    [
      ['lists.members.change', 'refused'],
      ['lists.create', 'done'],
    ],
  )
})

test('each administrator reads what happened in their domain, and whoever may not read nothing', async () => {
  const list = await here.list(bob, 'Ours')
  await here.list(helen, 'Theirs', here.harbour)
  const seen = (await bob.call('audit.list', { limit: 500 })).entries
  assert.ok(seen.some(({ target }) => target?.id === list.id))
  assert.ok(seen.every(({ domainId }) => domainId === here.saltmarsh))
  assert.deepEqual((await bob.call('audit.list', { domainId: here.harbour })).entries, [])
  assert.equal((await (await here.one('Noor')).refusal('audit.list', {})).code, 'forbidden')
})

test('pages, the time, and the name of an operation with all that begin with it', async () => {
  const { entries } = await here.ada.call('audit.list', { operation: 'lists', limit: 2 })
  const { entries: more } = await here.ada.call('audit.list', { operation: 'lists', limit: 2, before: entries[1]!.seq })
  assert.ok(more[0]!.seq < entries[1]!.seq && more.every(({ operation }) => operation.startsWith('lists.')))
  const none = await here.ada.call('audit.list', { from: new Date(here.now().getTime() + 60_000).toISOString() })
  assert.deepEqual(none, { entries: [], hasMore: false })
  const from = new Date(here.now().getTime() - 3_600_000).toISOString()
  const { entries: all } = await here.ada.call('audit.list', { from, limit: 500 })
  const paged: AuditEntry[] = []
  for (let hasMore = true; hasMore;) {
    const page = await here.ada.call('audit.list', { from, limit: 7, ...(paged.length > 0 && { before: paged.at(-1)!.seq }) })
    paged.push(...page.entries)
    hasMore = page.hasMore
  }
  assert.deepEqual(paged, all, 'of a time, too')
  assert.deepEqual(
    paged.map(({ at }) => at),
    paged
      .map(({ at }) => at)
      .toSorted()
      .toReversed(),
  )
  await here.ada.call('audit.list', { isExport: true })
  const exported = await newest('audit.list')
  assert.deepEqual([exported.actor?.id, exported.outcome], [here.ada.accountId, 'done'], 'that it was saved elsewhere is noted')
  await here.ada.call('accounts.list', { isExport: true, search: 'bob' })
  assert.deepEqual((await newest('accounts.list')).after?.['search'], 'bob', 'and of whom')
  await here.ada.call('accounts.list', { search: 'helen' })
  assert.deepEqual((await newest('accounts.list')).after?.['search'], 'bob', 'a look is not')
})

test('the log is searched by who did it, by what was done, and by whom it was done to', async () => {
  const haddad = await here.one('Haddad')
  const list = await here.list(bob, 'Pilots')
  await bob.call('accounts.status', { accountId: haddad.accountId, status: 'locked' })
  const found = async (asked: Partial<Input<Hub, 'audit.list'>>) => (await here.ada.call('audit.list', asked)).entries
  const operations = (entries: readonly AuditEntry[]) => entries.map(({ operation }) => operation)

  assert.deepEqual(operations(await found({ search: 'PÍLOT' })), ['lists.create'], 'by its name')
  assert.deepEqual(operations(await found({ search: 'saltmarsh', limit: 1 })), ['accounts.status'], 'of many, the newest')
  assert.deepEqual(operations(await found({ search: list.address.split('@')[0]! })), ['lists.create'], 'by its address')
  assert.deepEqual(operations(await found({ search: 'haddad bob' })), ['accounts.status'], 'all words, whichever they name')
  assert.deepEqual(operations(await found({ search: 'haddad status' })), ['accounts.status'], 'by what the operation does, in English')
  const meant = [{ word: 'Gesperrt', operations: ['accounts.status'] }]
  assert.deepEqual(operations(await found({ search: 'gesperrt hadd', meant })), ['accounts.status'], 'or in the reader’s language')
  assert.deepEqual(await found({ search: 'haddad gesperrt' }), [])
  assert.deepEqual(await found({ search: '100%' }), [], 'a sign is no pattern')
  assert.deepEqual((await helen.call('audit.list', { search: 'pilots' })).entries, [], 'nobody finds what they may not read')

  await here.give(here.ada, haddad, ['list.see'])
  assert.deepEqual(operations(await found({ search: 'haddad', operations: ['grants'] })), ['grants.give'], 'rights, by who got them')

  await bob.call('lists.delete', { listId: list.id })
  assert.deepEqual(operations(await found({ search: 'pilots' })), ['lists.delete', 'lists.create'], 'and by its last name when it is gone')
  const both = operations(await found({ operations: ['lists.delete', 'accounts'] }))
  assert.ok(both.includes('lists.delete') && both.includes('accounts.status') && !both.includes('lists.create'))
})

test('a refusal keeps what its sentence speaks of', async () => {
  await here.ada.call('domains.limits', { domainId: here.harbour, limits: { accounts: 0 } })
  await helen.refusal('accounts.create', { domainId: here.harbour, userName: 'one-more', name: 'One More' })
  const { refusal, refusalParams } = await newest('accounts.create')
  assert.deepEqual([refusal, refusalParams?.['max']], ['accounts.domainFull', 0])
  await here.ada.call('domains.limits', { domainId: here.harbour, limits: { accounts: null } })
})

test('words find what was done long ago behind thousands of entries since, by whichever of them is rarer', async () => {
  const zoltan = await here.one('Zoltan')
  await bob.call('accounts.status', { accountId: zoltan.accountId, status: 'locked' })
  await here.give(here.ada, zoltan, ['list.see'])
  await sql`insert into audit_entry (at, actor_id, source, door, operation, target_kind, target_id, target_name, domain_id, outcome)
    select now(), ${here.ada.accountId}::uuid, '', 'browser', 'lists.create', 'list', gen_random_uuid()::text, 'Tide ' || n, ${here.harbour}::uuid, 'done'
    from generate_series(1, 5100) as n`.execute(here.db)
  const found = async (search: string, by: Pick<Colleague, 'call'> = here.ada) =>
    (await by.call('audit.list', { search })).entries.map(({ operation }) => operation)
  assert.deepEqual(await found('zoltan bob'), ['accounts.status'])
  assert.deepEqual(await found('status zoltan'), ['accounts.status'])
  assert.ok((await found('zoltan')).includes('grants.give'), 'by who got a right, too')
  assert.deepEqual(await found('zoltan tide'), [])
  assert.deepEqual(await found('zoltan', helen), [])
  assert.equal((await found('tide')).length, 100)
})

test('[AUDIT-4] what was noted stays as it was', async () => {
  for (const change of [sql`update audit_entry set operation = 'x'`, sql`delete from audit_entry`, sql`truncate audit_entry`])
    await assert.rejects(change.execute(here.db), /only ever added to/)
})

test('[AUDIT-1] secrets are masked, wherever they stand; what only speaks of them is not', () => {
  const said = {
    ...{
      password: 'hunter2 hunter2',
      settings: { bindPassword: 'x', clientSecret: 'y', url: 'ldap://me:you@host/x' },
      rows: [{ password: 'z', code: '123456' }],
    },
    ...{
      mustChangePassword: true,
      tokenId: 'an id',
      postalCode: '10115',
      'password.minLength': 12,
      'password.allowedCharacters': 'a-z',
      recovery: { key: { d: 1 } },
    },
  }
  const text = JSON.stringify(masked(said))
  for (const secret of ['hunter2', '"x"', '"y"', '"z"', '123456', 'me:you', '"d"']) assert.ok(!text.includes(secret), secret)
  for (const open of ['an id', '10115', 'a-z', '12', 'true', 'host/x']) assert.ok(text.includes(open), open)
  const long = bounded({ rows: Array.from({ length: 500 }, () => ({ name: 'x'.repeat(100) })), isDryRun: true })
  assert.deepEqual(long, { rows: { count: 500 }, isDryRun: true })
})
