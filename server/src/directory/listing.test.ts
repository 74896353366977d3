import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import type { AccountId, Domain, Input, Hub } from '@atrium/protocol'
import { house, type House, type Someone } from './testing/house.ts'

let hub: House
let ada: Someone
let home: Domain
const names = ['Zoë Zander', 'Émile Ångström', 'Bob Builder', 'Carla Bruni', 'Ödön Kertész', 'anna von Anderen', 'Bob Builder', '李小龍']
beforeAll(async () => {
  hub = await house(inject('cluster'))
  ada = await hub.founded()
  home = (await ada.call('domains.list', {})).domains[0]!
  for (const [i, name] of names.entries()) await ada.call('accounts.create', { domainId: home.id, userName: `n${i}`, name })
})
afterAll(() => hub.close())

type Asked = Partial<Input<Hub, 'accounts.list'>>
async function all(asked: Asked): Promise<string[]> {
  const found: string[] = []
  let after: string | undefined
  do {
    const page = await ada.call('accounts.list', { ...asked, limit: 2, ...(after !== undefined && { after }) })
    found.push(...page.accounts.map(({ name }) => name))
    after = page.next ?? undefined
  } while (after !== undefined)
  return found
}

test('each sorting, forwards and backwards, is the same list in pages, and nobody is twice in it or left out', async () => {
  for (const sort of ['name', 'address', 'createdAt', 'seenAt'] as const) {
    const [up, down] = [await all({ sort }), await all({ sort, isDescending: true })]
    assert.equal(up.length, names.length + 1, sort)
    assert.deepEqual(up, down.toReversed(), sort)
    const whole = await ada.call('accounts.list', { sort, limit: 500 })
    assert.deepEqual(
      up,
      whole.accounts.map(({ name }) => name),
    )
    assert.equal(whole.next, null)
  }
  const sorted = await all({ sort: 'name' })
  assert.deepEqual(sorted.slice(0, 3), ['Ada Lindqvist', 'anna von Anderen', 'Bob Builder'])
  assert.equal(sorted.indexOf('Émile Ångström') < sorted.indexOf('Ödön Kertész'), true)
})

test('a filter finds words of name, address and alias by their beginnings, and within them from three signs on', async () => {
  const found = async (search: string) => (await all({ search })).toSorted()
  assert.deepEqual(await found('ang'), ['Émile Ångström'])
  assert.deepEqual(await found('ngstr'), ['Émile Ångström'])
  assert.deepEqual(await found('bo'), ['Bob Builder', 'Bob Builder'])
  assert.deepEqual(await found('builder bob'), ['Bob Builder', 'Bob Builder'])
  assert.deepEqual(await found('n3@saltmarsh.example'), ['Carla Bruni'])
  assert.deepEqual(await found('小龍'), ['李小龍'])
  assert.deepEqual(await found('%'), [])
  assert.deepEqual(await ada.call('accounts.count', { search: 'bo' }), { count: 2 })
})

test('types and statuses are filters, and count as they list', async () => {
  await ada.call('directory.person.add', { name: 'Out Sider', address: 'out@elsewhere.example' })
  assert.deepEqual(await all({ types: ['administrator'] }), ['Ada Lindqvist'])
  assert.deepEqual(await all({ types: ['external'] }), ['Out Sider'])
  assert.equal((await all({ types: ['normal'] })).length, names.length)
  assert.deepEqual(await all({ types: ['system', 'delegated', 'guest'] }), [])
  assert.deepEqual(await all({ statuses: ['active'] }), ['Ada Lindqvist'])
  assert.equal((await all({ statuses: ['invited'] })).length, names.length + 1)
  assert.deepEqual(await ada.call('accounts.count', { types: ['administrator', 'external'] }), { count: 2 })
  // What was a stranger’s domain becomes one of ours.
  await ada.call('domains.create', { name: 'elsewhere.example' })
  assert.deepEqual(await all({ types: ['external'] }), [])
})

test('a cursor that nobody gave is refused', async () => {
  for (const after of ['nonsense', Buffer.from('["a"]').toString('base64url')])
    assert.equal((await ada.refusal('accounts.list', { after })).key, 'accounts.badCursor')
})

test('in the picker, people one talks with come first, each part in order; pages go on where the last one ended', async () => {
  const bobs = (await ada.call('directory.people', { search: 'bob' })).people.map(({ id }) => id)
  const last = bobs.at(-1)!
  await sql`update account set status = 'active', joined_at = now() where id = ${last}`.execute(hub.db)
  await ada.call('chat.direct', { accountId: last as AccountId })
  const first = await ada.call('directory.people', { search: 'bob', limit: 1 })
  assert.deepEqual([first.people[0]!.id, first.hasMore], [last, true])
  const second = await ada.call('directory.people', { search: 'bob', limit: 1, after: last })
  assert.deepEqual([second.people[0]!.id, second.hasMore], [bobs[0], false])
})

test('a page of what a search finds is the same, be they few, nearly everybody, or many at the end of the alphabet', async () => {
  await sql`
    with made as (select gen_random_uuid() as id, n, case when n % 3 > 0 then 'Aalto ' else 'Zuzak ' end || lpad(n::text, 4, '0') as name from generate_series(1, 8600) as n),
    called as (insert into address (address, owner_kind, owner_id, is_primary) select 'crowd.' || n || '@crowd.example', 'account', id, true from made)
    insert into account (id, kind, name, title, status, is_administrator, joined_at, created_at, sort_key, words, domain_id)
    select id, 'person', name, '', 'active', false, now(), now(), lower(name), ' ' || lower(name) || ' crowd 2026' || case when n = 8598 then ' seldom' else '' end || case when n % 3 > 0 and n > 7920 then ' often' else '' end,
      (select id from domain order by created_at limit 1) from made`.execute(hub.db)
  const sorted = Array.from({ length: 8_600 }, (_, i) => i + 1)
    .map((n) => `${n % 3 > 0 ? 'Aalto' : 'Zuzak'} ${String(n).padStart(4, '0')}`)
    .sort()
  const often = sorted.filter((name) => name.startsWith('Aalto') && Number(name.slice(-4)) > 7920)
  assert.ok(often.length > 400, 'many, all in a few blocks of the table, which a sample sees or does not')
  const searches = [
    ['seldom', ['Zuzak 8598']],
    // What looks like a number, of one and of all.
    ['8598', ['Zuzak 8598']],
    ['2026', sorted],
    ['unheard', []],
    ['often', often],
    ['zuzak', sorted.filter((name) => name.startsWith('Zuzak'))],
    ['crowd', sorted],
  ] as const
  for (const [search, expected] of searches) await isAsExpected(search, expected)
  // Nobody had counted the table before.
  await sql`analyze account`.execute(hub.db)
  for (const [search, expected] of searches) await isAsExpected(search, expected)

  async function isAsExpected(search: string, expected: readonly string[]): Promise<void> {
    const first = await ada.call('accounts.list', { search, limit: 50 })
    assert.deepEqual(
      first.accounts.map(({ name }) => name),
      expected.slice(0, 50),
      search,
    )
    if (first.next) {
      const second = await ada.call('accounts.list', { search, limit: 50, after: first.next })
      assert.deepEqual(
        second.accounts.map(({ name }) => name),
        expected.slice(50, 100),
        search,
      )
    }
    const backwards = await ada.call('accounts.list', { search, limit: 5, isDescending: true })
    assert.deepEqual(
      backwards.accounts.map(({ name }) => name),
      expected.toReversed().slice(0, 5),
      search,
    )
    const { people } = await ada.call('directory.people', { search, limit: 8 })
    assert.deepEqual(
      people.map(({ name }) => name),
      expected.slice(0, 8),
      search,
    )
    if (people.length === 8) {
      const { people: more } = await ada.call('directory.people', { search, limit: 8, after: people.at(-1)!.id })
      assert.deepEqual(
        more.map(({ name }) => name),
        expected.slice(8, 16),
        search,
      )
    }
  }
})
