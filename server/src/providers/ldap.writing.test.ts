import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, inject, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { notRun } from '@atrium/platform/testing/needs'
import { peopleLdif, slapdProgram } from '@atrium/platform/testing/slapd'
import type { AccountId } from '@atrium/protocol'
import { firefox } from '../directory/testing/house.ts'
import { takenBack } from './ldap/writing.groups.ts'
import { at, domain, group, groupLdif, ldapHouse, person, type LdapHouse } from './testing/ldap.ts'

const count = 30
const many = 12
if (!slapdProgram()) notRun('LDAP', 'slapd')

function* tree(): Generator<string> {
  yield* peopleLdif(count, domain)
  yield groupLdif('crew', person(1))
  yield groupLdif('rowers', person(22))
  yield groupLdif('pilots', person(27))
}

test('what LDAP does not take is taken back alone: what others changed meanwhile stays', () => {
  const here = (name: string, accountIds: string[], addresses: string[] = []) =>
    ({ address: 'crew@saltmarsh.example', name, description: '', accountIds, listIds: [], addresses }) as never
  const before = here('Crew', ['bow', 'cox'], ['mum@elsewhere.example'])
  const after = here('The crew', ['bow', 'stroke'])
  const now = here('The crew', ['stroke', 'sculler'], ['dad@elsewhere.example'])
  const back = takenBack(now, before, after)
  assert.deepEqual(
    [back.name, back.accountIds, back.addresses],
    ['Crew', ['sculler', 'cox'], ['dad@elsewhere.example', 'mum@elsewhere.example']],
  )
  const others = here('Rowers', ['bow'])
  assert.deepEqual(takenBack(others, before, before), others)
})

describe.skipIf(!slapdProgram())('LDAP that is written', () => {
  let world: LdapHouse
  beforeAll(async () => {
    world = await ldapHouse(inject('cluster'), tree())
    await world.follow(count)
  })
  afterAll(() => world?.close())

  test('what LDAP keeps is changed there; where it may be written from here, it is, and read back', async () => {
    const { ada, set, there, row } = world
    const accountId = (await row(at('person24')))!.id as AccountId
    const refused = await ada.refusal('accounts.change', { accountId, title: 'Cox' })
    assert.deepEqual([refused.key, refused.field], ['providers.keptInLdap', 'title'])
    assert.ok((await ada.call('accounts.get', { accountId })).readOnlyFields.includes('phoneWork'))

    await set({ writesBack: true })
    await ada.call('accounts.change', { accountId, title: 'Cox', given: 'Örn', profile: { phoneWork: '', city: 'Møre' } })
    const entry = async () =>
      (await there((client) => client.search(person(24), { scope: 'base', attributes: ['*', '+'] }))).searchEntries[0]!
    const { title, givenName, l, telephoneNumber } = await entry()
    assert.deepEqual([title, givenName, l, telephoneNumber], ['Cox', 'Örn', 'Møre', undefined])
    await ada.call('accounts.status', { accountId, status: 'locked' })
    assert.equal((await entry())['pwdAccountLockedTime'], '000001010000Z')
    await ada.call('accounts.status', { accountId, status: 'active' })
    assert.equal((await entry())['pwdAccountLockedTime'], undefined)

    // What LDAP does not take does not stay here either: a country there has two letters.
    const wrong = await ada.refusal('accounts.change', { accountId, profile: { country: 'Norway' } })
    assert.equal(wrong.key, 'providers.notWritten')
    assert.equal((await ada.call('accounts.get', { accountId })).profile.country, '')
    await set()
  })

  test('what LDAP keeps of a list is changed there; where it may be written from here, it is, and read back', async () => {
    const { ada, set, there, turn, look, lists, change: changeThere } = world
    const dn = group('rowers')
    const listId = (await lists()).find(({ address }) => address === at('rowers'))!.id
    const entry = async (name = dn) => (await there((client) => client.search(name, { scope: 'base' }))).searchEntries[0]!
    const members = async () => (await ada.call('lists.members', { listId })).members.map(({ address }) => address!).sort()
    const change = { listId, add: [at('person24')] }
    const refused = await ada.refusal('lists.members.change', change)
    assert.deepEqual([refused.key, refused.field], ['providers.keptInLdap', 'members'])
    assert.equal((await ada.refusal('lists.change', { listId, description: 'In boats' })).field, 'description')
    assert.equal((await ada.refusal('lists.delete', { listId })).key, 'providers.keptInLdap')
    assert.ok((await ada.call('lists.get', { listId })).readOnlyFields.includes('members'))
    // What is no business of LDAP is changed here.
    await ada.call('lists.change', { listId, name: 'rowers', notifiesMembers: true })

    await set({ writesBack: true })
    assert.deepEqual((await ada.call('lists.get', { listId })).readOnlyFields, ['name', 'address'])
    // Somebody came in there meanwhile: they stay.
    const helms = group('helms')
    await there((client) => client.add(helms, { objectClass: 'groupOfNames', cn: 'helms', member: person(26) }))
    await look()
    await changeThere(dn, 'member', person(22), person(25))
    await ada.call('lists.members.change', { listId, add: [at('person24'), at('helms')], remove: [at('person22')] })
    await ada.call('lists.change', { listId, description: 'In boats,\nevery Sunday' })
    const { member, description } = await entry()
    assert.deepEqual([member].flat().sort(), [helms, person(24), person(25)])
    assert.equal(description, 'In boats,\nevery Sunday')
    await turn()
    await until('who came in there is here', async () => (await members()).includes(at('person25')), 10_000)
    assert.deepEqual(await members(), ['helms', 'person24', 'person25'].map(at))

    const outside = await ada.refusal('lists.members.change', { listId, add: ['mum@elsewhere.example'] })
    assert.deepEqual([outside.key, outside.params], ['providers.memberNotInLdap', { member: 'mum@elsewhere.example' }])
    assert.equal((await ada.refusal('lists.members.change', { listId, remove: await members() })).key, 'providers.lastMember')
    assert.deepEqual(await members(), ['helms', 'person24', 'person25'].map(at))

    // Who may only read there changes nothing, here either.
    const reader = { bindDn: person(1), bindPassword: 'pw-1', writesBack: true }
    await set(reader)
    assert.equal((await ada.refusal('lists.members.change', { listId, add: [at('person26')] })).key, 'providers.notWritten')
    assert.deepEqual(await members(), ['helms', 'person24', 'person25'].map(at))
    assert.equal([(await entry())['member']].flat().length, 3)
  })

  test('many who join a list in one moment are all in it, here and there', async () => {
    const { town, ada, set, look, lists } = world
    await set({ writesBack: true })
    const listId = (await lists()).find(({ address }) => address === at('crew'))!.id
    await ada.call('lists.change', { listId, joining: 'free' })
    const members = async () => (await ada.call('lists.members', { listId })).members.map(({ address }) => address)
    const before = await members()
    const people = await Promise.all(
      Array.from({ length: many }, async (_, i) => {
        const one = town.somebody()
        await one.signIn(at(`person${i + 1}`), `pw-${i + 1}`)
        return one
      }),
    )
    const outside = people.filter((_, i) => !before.includes(at(`person${i + 1}`)))
    assert.ok(outside.length > 5)
    await Promise.all(outside.map((one) => one.call('me.list.join', { listId })))
    await look()
    assert.equal((await members()).length, before.length + outside.length)
  })

  test('a hub that ends when a list is changed here and not yet there leaves no difference: what stands there holds', async () => {
    const { town, ada, set, there, look, lists } = world
    await set({ writesBack: true })
    const listId = (await lists()).find(({ address }) => address === at('pilots'))!.id
    const members = async () => (await ada.call('lists.members', { listId })).members.map(({ address }) => address).sort()
    const written = async () => (await there((client) => client.search(group('pilots'), { scope: 'base' }))).searchEntries[0]!['member']
    assert.deepEqual(await members(), [at('person27')])

    // It comes as far as the commit, and no further.
    const committed = Promise.withResolvers<void>()
    const change = town.hub.named.handlers['lists.members.change']
    const ending = town.hub.elsewhere.writtenThere({
      'lists.members.change': async (...asked: Parameters<typeof change>) => {
        await change(...asked)
        committed.resolve()
        return new Promise<never>(() => {})
      },
    })
    const call = { door: 'http', source: '10.0.0.1', userAgent: firefox, requestId: randomUUID() } as Parameters<typeof change>[2]
    const asked = { clientId: randomUUID(), listId, add: [at('person28')], remove: [at('person27')] } as Parameters<typeof change>[1]
    void ending['lists.members.change']((await ada.actor())!, asked, call)
    await committed.promise
    assert.deepEqual(await members(), [at('person28')])
    assert.equal(await written(), person(27))

    await look()
    assert.deepEqual(await members(), [at('person27')])
    await ada.call('lists.members.change', { listId, add: [at('person28')] })
    assert.deepEqual([await written()].flat().sort(), [person(27), person(28)])
    assert.deepEqual(await members(), [at('person27'), at('person28')])
  })
})
