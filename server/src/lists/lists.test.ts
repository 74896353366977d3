import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, inject, test } from 'vitest'
import type { Event } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import type { ListId, ListMember } from '@atrium/protocol'
import { domains, type Colleague, type Domains } from '../grants/testing/domains.ts'

let here: Domains
let bob: Colleague
let anna: Colleague
let carl: Colleague
beforeAll(async () => {
  here = await domains(inject('cluster'))
  ;[bob, anna, carl] = await Promise.all([here.domainAdministrator('Bob'), here.one('Anna'), here.one('Carl')])
})
afterAll(() => here?.close())

const names = (members: readonly ListMember[]) => members.map((member) => (member.kind === 'address' ? member.address : member.name))
const inside = async (listId: ListId) => names((await bob.call('lists.members', { listId })).members)
const profile = (who: Colleague, change: Record<string, string>) =>
  sql`update account set profile = profile || ${JSON.stringify(change)}::jsonb where id = ${who.accountId}`.execute(here.db)

test('a list is made whole: its settings, owners and members, or not at all', async () => {
  const userName = `crew-${randomUUID().slice(0, 8)}`
  const draft = {
    ...{ domainId: here.saltmarsh, userName, name: 'Crew', description: 'Who sails', clientId: randomUUID(), isHidden: true },
    ...{
      members: [anna.address, carl.address, 'someone@outside.example'],
      ownerIds: [anna.accountId],
      whoMayWrite: 'named' as const,
      mayWrite: [carl.accountId],
    },
  }
  const list = await bob.call('lists.create', draft)
  assert.deepEqual(
    [list.address, list.members, list.owners.map(({ name }) => name), list.mayWrite],
    [`${userName}@saltmarsh.example`, 3, ['Anna'], [carl.accountId]],
  )
  assert.deepEqual(await inside(list.id), ['Anna', 'Carl', 'someone@outside.example'])
  assert.equal((await bob.call('lists.create', draft)).id, list.id, 'said again it is the same list')
  const taken = await bob.refusal('lists.create', { ...draft, clientId: randomUUID() })
  assert.deepEqual([taken.key, taken.field], ['lists.addressTaken', 'userName'])
  const nobody = await bob.refusal('lists.create', {
    ...draft,
    clientId: randomUUID(),
    userName: `${userName}2`,
    ownerIds: [randomUUID() as never],
  })
  assert.equal(nobody.key, 'lists.noSuchPerson')
  assert.ok(!(await bob.call('lists.list', { search: userName })).lists.some(({ address }) => address.startsWith(`${userName}2`)))
})

test('aliases are addresses: of one thing in the hub, and given back', async () => {
  const list = await here.list(bob, 'Aliased')
  const userName = `alias-${randomUUID().slice(0, 8)}`
  const { aliases } = await bob.call('lists.alias.add', { listId: list.id, domainId: here.saltmarsh, userName })
  assert.deepEqual(aliases, [`${userName}@saltmarsh.example`])
  assert.equal((await bob.refusal('resources.create', { domainId: here.saltmarsh, userName, name: 'Room' })).key, 'resources.addressTaken')
  assert.equal(
    (await bob.refusal('lists.alias.add', { listId: list.id, domainId: here.harbour, userName })).code,
    'not_found',
    'another domain’s to give',
  )
  assert.ok(
    (await bob.call('lists.list', { search: userName })).lists.some(({ id }) => id === list.id),
    'found by it',
  )
  assert.deepEqual((await bob.call('lists.alias.remove', { listId: list.id, address: aliases[0]! })).aliases, [])
})

test('[LIST-2] no list is in itself, not even when two put each into the other at once', async () => {
  const [one, two, three] = [await here.list(bob, 'One'), await here.list(bob, 'Two'), await here.list(bob, 'Three')]
  await bob.call('lists.members.change', { listId: one.id, add: [two.address] })
  await bob.call('lists.members.change', { listId: two.id, add: [three.address] })
  for (const list of [one, two, three])
    assert.equal((await bob.refusal('lists.members.change', { listId: three.id, add: [list.address] })).key, 'lists.circle')
  for (let round = 0; round < 10; round++) {
    const [left, right] = [await here.list(bob, 'Left'), await here.list(bob, 'Right')]
    const replies = await Promise.all([
      bob.ask('lists.members.change', { listId: left.id, add: [right.address] }),
      here.ada.ask('lists.members.change', { listId: right.id, add: [left.address] }),
    ])
    assert.equal(replies.filter(({ ok }) => ok).length, 1)
  }
})

test('[LIST-5] nobody learns by typing an address whose it is', async () => {
  const helen = await here.one('Helen', here.harbour)
  const list = await here.list(bob, 'Typed', here.saltmarsh, { members: [helen.address, 'nobody@harbour.example'] })
  const { members } = await bob.call('lists.members', { listId: list.id })
  assert.deepEqual(
    members.map(({ kind }) => kind),
    ['address', 'address'],
  )
  await bob.call('lists.members.change', { listId: list.id, remove: [helen.address] })
  assert.equal((await here.ada.call('lists.members.change', { listId: list.id, add: [helen.address] })).members, 2)
  assert.deepEqual(await inside(list.id), ['Helen', 'nobody@harbour.example'])
})

test('a dynamic list finds its people, and follows what changes of them', async () => {
  const department = `Design ${randomUUID()}`
  const url = `ldap:///??sub?(&(objectClass=person)(department=${department.replace('Design', 'DESIGN')}))`
  await profile(anna, { department })
  assert.deepEqual(
    (await bob.call('lists.preview', { domainId: here.saltmarsh, url })).first.map(({ name }) => name),
    ['Anna'],
  )
  const list = await here.list(bob, 'Designers', here.saltmarsh, { url })
  assert.deepEqual([list.members, await inside(list.id)], [1, ['Anna']])
  await profile(carl, { department })
  await profile(anna, { department: 'Sales' })
  assert.deepEqual(await inside(list.id), ['Carl'])
  assert.equal((await bob.call('lists.list', { search: 'Designers' })).lists.find(({ id }) => id === list.id)!.members, 1)

  const again = await bob.refusal('lists.create', {
    domainId: here.saltmarsh,
    userName: 'again',
    name: 'Again',
    url: url.replace('objectClass', 'OBJECTCLASS'),
  })
  assert.deepEqual([again.key, again.field], ['lists.urlTaken', 'url'])
  const bad = await bob.refusal('lists.change', { listId: list.id, url: 'ldap:///??sub?(shoeSize=43)' })
  assert.deepEqual([bad.key, bad.params], ['lists.badUrl', { problem: 'unknownAttribute', at: 'shoesize' }])
})

test('filters ask what they say: by each attribute, whatever is typed into them', async () => {
  const mark = randomUUID()
  await profile(anna, { company: mark, phoneMobile: '+49 (30) 12-34', city: '100%_sure' })
  await profile(carl, { company: mark, city: '100 sure' })
  await sql`update account set given = 'Änna', surname = 'O''Neil', title = 'Captain' where id = ${anna.accountId}`.execute(here.db)
  const found = async (filter: string) =>
    (
      await bob.call('lists.preview', {
        domainId: here.saltmarsh,
        url: `ldap:///??sub?${encodeURIComponent(`(&(company=${mark})${filter})`)}`,
      })
    ).first.map(({ name }) => name)
  const cases: [string, string[]][] = [
    ['', ['Anna', 'Carl']],
    [`(mail=${anna.address.toUpperCase()})`, ['Anna']],
    [`(uid=${anna.address.split('@')[0]!})`, ['Anna']],
    ['(uid=anna-*)', ['Anna']],
    ['(mobile=+493012*)', ['Anna']],
    ['(mobile=+49301234)', ['Anna']],
    ['(!(mobile=*))', ['Carl']],
    ['(!(mobile=1))', ['Anna', 'Carl']],
    ['(l=100%*)', ['Anna']],
    ['(l=100*sure)', ['Anna', 'Carl']],
    ['(l=100_sure)', []],
    ['(givenName=änna)', ['Anna']],
    ["(sn=o'neil)", ['Anna']],
    ["(sn=' or true --)", []],
    ['(title>=c)', ['Anna']],
    ['(zimbraAccountStatus=active)', ['Anna', 'Carl']],
    ['(domain=saltmarsh.example)', ['Anna', 'Carl']],
    ['(cos=Default)', ['Anna', 'Carl']],
    ['(|(title=captain)(title=mate))', ['Anna']],
    ['(&)', ['Anna', 'Carl']],
    ['(|)', []],
  ]
  for (const [filter, expected] of cases) assert.deepEqual(await found(filter), expected, filter)
})

test('who is in what, directly and by what', async () => {
  const who = await here.one('Vera')
  const [inner, middle, outer] = [
    await here.list(bob, 'Sailors', here.saltmarsh, { members: [who.address] }),
    await here.list(bob, 'Staff'),
    await here.list(bob, 'All'),
  ]
  await bob.call('lists.members.change', { listId: middle.id, add: [inner.address, who.address] })
  await bob.call('lists.members.change', { listId: outer.id, add: [middle.address] })
  const of = await bob.call('lists.of', { accountId: who.accountId })
  assert.deepEqual(
    of.map(({ list, isDirect, via }) => [list.name, isDirect, via]),
    [
      ['All', false, ['Staff']],
      ['Sailors', true, []],
      ['Staff', true, ['Sailors']],
    ],
  )
  assert.deepEqual([...(await here.hub.named.membersOf([outer.id]))], [who.accountId])
})

test('[LIST-1][LIST-4] owners look after their lists, people come and go as the policies say, and a dynamic list keeps who left out', async () => {
  const [owner, guest] = [await here.one('Wim'), await here.one('Xenia')]
  const list = await here.list(bob, 'Choir', here.saltmarsh, {
    ownerIds: [owner.accountId],
    joining: 'asked',
    leaving: 'free',
    notifiesMembers: true,
  })
  assert.deepEqual(
    (await owner.call('me.lists', {})).owned.map(({ id }) => id),
    [list.id],
  )
  assert.equal((await guest.refusal('me.list.get', { listId: list.id })).code, 'forbidden')
  assert.ok((await guest.call('me.lists', {})).open.some(({ id }) => id === list.id))

  const heard: Event[] = []
  const stop = here.ground.bus.subscribe(`account:${owner.accountId}`, (event) => heard.push(event))
  assert.deepEqual(await guest.call('me.list.join', { listId: list.id }), { state: 'asked' })
  assert.ok(heard.some(({ name }) => name === 'list.changing'))
  stop()
  const wishes = async () => (await owner.call('me.list.members', { listId: list.id })).asked.map(({ name, wish }) => [name, wish])
  assert.deepEqual(await wishes(), [['Xenia', 'join']])
  assert.deepEqual((await guest.call('me.lists', {})).asked, [list.id])
  await owner.call('me.list.change', { listId: list.id, refuse: [guest.accountId] })
  assert.deepEqual([await wishes(), (await guest.call('me.lists', {})).asked], [[], []], 'a wish that is not granted is over')
  await guest.call('me.list.join', { listId: list.id })
  await owner.call('me.list.change', { listId: list.id, description: 'Thursdays', add: [guest.address] })
  const { members, asked } = await owner.call('me.list.members', { listId: list.id })
  assert.deepEqual([names(members), asked], [['Xenia'], []])
  assert.deepEqual(
    (await guest.call('me.lists', {})).member.map(({ id, leaving, isDirect }) => [id, leaving, isDirect]),
    [[list.id, 'free', true]],
  )
  here.hub.named.work(here.queue)
  const letters = () =>
    sql<{
      subject: string
    }>`select payload->>'subject' as subject from job where kind = 'mail.send' and payload->>'to' = ${guest.address}`.execute(here.db)
  await until('Xenia is told', async () => (await letters()).rows.some(({ subject }) => subject.includes('Choir')))
  assert.deepEqual(await guest.call('me.list.leave', { listId: list.id }), { state: 'out' })
  assert.deepEqual((await guest.call('me.lists', {})).member, [])

  await bob.call('lists.change', { listId: list.id, isHidden: true, joining: 'closed' })
  assert.equal((await guest.refusal('me.list.join', { listId: list.id })).key, 'lists.noSuchList', 'a hidden list is not there')

  const everybody = await here.list(bob, 'Solo', here.saltmarsh, {
    url: `ldap:///??sub?(mail=${guest.address})`,
    leaving: 'free',
    joining: 'free',
  })
  assert.deepEqual(await inside(everybody.id), ['Xenia'])
  await guest.call('me.list.leave', { listId: everybody.id })
  assert.deepEqual([await inside(everybody.id), [...(await here.hub.named.membersOf([everybody.id]))]], [[], []])
  await guest.call('me.list.join', { listId: everybody.id })
  await owner.call('me.list.join', { listId: everybody.id })
  assert.deepEqual(await inside(everybody.id), ['Wim', 'Xenia'])
  assert.equal((await bob.call('lists.get', { listId: everybody.id })).members, 2)
})

test('pages of lists and of members, each once', async () => {
  const members = Array.from({ length: 7 }, (_, n) => `p${n}@outside.example`)
  const list = await here.list(bob, 'Paged', here.saltmarsh, { members: [...members, anna.address] })
  const seen: string[] = []
  for (let after: string | undefined; ;) {
    const page = await bob.call('lists.members', { listId: list.id, limit: 3, after })
    seen.push(...names(page.members))
    if (page.next === null) break
    after = page.next
  }
  assert.deepEqual(seen, ['Anna', ...members])
  assert.deepEqual(names((await bob.call('lists.members', { listId: list.id, search: 'P3@' })).members), ['p3@outside.example'])
  const lists: string[] = []
  for (let after: string | undefined; ;) {
    const page = await here.ada.call('lists.list', { limit: 4, after })
    lists.push(...page.lists.map(({ id }) => id))
    if (page.next === null) break
    after = page.next
  }
  assert.equal(new Set(lists).size, lists.length)
  assert.ok(lists.includes(list.id))
})

test('resources are kept with their booking policies, and seen where one may', async () => {
  const draft = {
    domainId: here.saltmarsh,
    userName: `bridge-${randomUUID().slice(0, 8)}`,
    name: 'Bridge',
    capacity: 8,
    location: 'Quay 2',
    clientId: randomUUID(),
  }
  const room = await bob.call('resources.create', {
    ...draft,
    policy: 'manager',
    managerIds: [anna.accountId],
    notify: ['facility@saltmarsh.example'],
  })
  assert.deepEqual([room.kind, room.policy, room.capacity, room.managerIds], ['room', 'manager', 8, [anna.accountId]])
  assert.equal((await bob.call('resources.create', draft)).id, room.id)
  const changed = await bob.call('resources.change', { resourceId: room.id, capacity: null, refusesRecurring: true })
  assert.deepEqual([changed.capacity, changed.refusesRecurring, changed.name], [null, true, 'Bridge'])
  assert.deepEqual(
    (await bob.call('resources.list', { search: 'quay' })).resources.map(({ id }) => id),
    [room.id],
  )
  const helen = await here.domainAdministrator('Hedda', here.harbour)
  assert.deepEqual((await helen.call('resources.list', {})).resources, [])
  assert.equal((await helen.refusal('resources.delete', { resourceId: room.id })).code, 'not_found')
  await bob.call('resources.delete', { resourceId: room.id })
  assert.equal((await bob.refusal('resources.get', { resourceId: room.id })).code, 'not_found')
  assert.ok(await bob.call('lists.create', { domainId: here.saltmarsh, userName: draft.userName, name: 'Bridge' }))
})
