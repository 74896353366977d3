import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, inject, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { notRun } from '@atrium/platform/testing/needs'
import { base, peopleLdif, slapdProgram } from '@atrium/platform/testing/slapd'
import type { AccountId } from '@atrium/protocol'
import { at, domain, group, groupLdif, ldapHouse, person, type LdapHouse } from './testing/ldap.ts'

if (!slapdProgram()) notRun('LDAP', 'slapd')

const count = 30
function* tree(): Generator<string> {
  yield* peopleLdif(count, domain)
  yield groupLdif('rowers', person(21), person(22))
  yield groupLdif('everyone', person(23), group('rowers'))
}

describe.skipIf(!slapdProgram())('groups in LDAP', () => {
  let world: LdapHouse
  beforeAll(async () => {
    world = await ldapHouse(inject('cluster'), tree())
    await world.follow(count)
  })
  afterAll(() => world?.close())

  test('groups are lists with the people in them, groups in groups too; who leaves a group leaves the list', async () => {
    const { ada, mirror, there, turn, look, answer, row, lists, change } = world
    assert.equal((await mirror()).lists, 2)
    const everyone = (await lists()).find(({ address }) => address === at('everyone'))!
    const names = async (listId = everyone.id) =>
      (await ada.call('lists.members', { listId })).members.map((one) => ('name' in one ? one.name : one.address)).sort()
    assert.deepEqual(await names(), ['Person 23', 'rowers'])
    const isIn = async (i: number) =>
      (await ada.call('lists.of', { accountId: (await row(at(`person${i}`)))!.id as AccountId })).map(({ list }) => list.name)
    assert.deepEqual((await isIn(21)).sort(), ['everyone', 'rowers'])

    await change(group('rowers'), 'member', person(22))
    await turn()
    await until('who left is out', async () => (await isIn(21)).length === 0, 10_000)
    await there((client) => client.del(group('everyone')))
    await look()
    // One of two: half of all there is. Nothing is taken away by that, and somebody is asked.
    const asked = async () => [(await mirror()).state, (await mirror()).vanished, (await mirror()).vanishedLists, (await lists()).length]
    assert.deepEqual(await asked(), ['asks', 0, 1, 2])
    await answer('dismiss')
    assert.deepEqual(await asked(), ['asks', 0, 1, 2])
    await answer('accept')
    assert.deepEqual(await asked(), ['idle', 0, 0, 1])
  })

  test('groups that name their members otherwise are read and written as they do', async () => {
    const { ada, set, there, look, lists } = world
    const groupFilter = '(|(objectClass=groupOfUniqueNames)(objectClass=groupOfNames)(objectClass=posixGroup))'
    await set({ writesBack: true, groupFilter })
    const unique = { objectClass: 'groupOfUniqueNames', cn: 'pilots', uniqueMember: [person(27)] }
    const machines = { objectClass: 'posixGroup', cn: 'sudoers', gidNumber: '27', memberUid: ['person28', 'root'] }
    await there((client) => client.add(group('pilots'), unique))
    await there((client) => client.add(group('sudoers'), machines))
    await look()
    const here = await lists()
    const written = async (name: string, attribute: string) =>
      (await there((client) => client.search(group(name), { scope: 'base' }))).searchEntries[0]![attribute]
    for (const [name, of, attribute, value] of [
      ['pilots', 27, 'uniqueMember', person(29)],
      ['sudoers', 28, 'memberUid', 'person29'],
    ] as const) {
      const listId = here.find(({ address }) => address === at(name))!.id
      const names = async () => (await ada.call('lists.members', { listId })).members.map(({ address }) => address).sort()
      assert.deepEqual(await names(), [at(`person${of}`)])
      await ada.call('lists.members.change', { listId, add: [at('person29')] })
      assert.ok([await written(name, attribute)].flat().includes(value))
      await ada.call('lists.members.change', { listId, remove: [at(`person${of}`)] })
      assert.deepEqual(await names(), [at('person29')])
      assert.deepEqual(await written(name, attribute), name === 'pilots' ? value : ['root', value])
    }
    await set()
  })

  test('[GRANT-10] lists that stay as they are, for they carry rights, are named where the mirror is', async () => {
    const { town, ada, mirror, set, look, lists, there, domainId, provider } = world
    await set()
    // One of them is not here: so the list is never as its group is.
    await there((client) => client.add(group('keepers'), { objectClass: 'groupOfNames', cn: 'keepers', member: [person(25), person(900)] }))
    await look()
    const { id } = (await lists()).find(({ address }) => address === at('keepers'))!
    const trust = (mayGoInside: boolean) => town.db.updateTable('provider').set({ mayGoInside }).where('id', '=', provider.id).execute()
    await trust(false)
    assert.deepEqual((await mirror()).outOfReach, [])
    await ada.call('grants.give', {
      ...{ grantee: { kind: 'list', id }, target: { kind: 'domain', id: domainId } },
      ...{ rights: ['account.see'], isDenied: false, mayGrant: false },
    })
    assert.deepEqual((await mirror()).outOfReach, [{ id, name: 'keepers' }])
    await trust(true)
    assert.deepEqual((await mirror()).outOfReach, [])
  })

  test('lists of Zimbra name addresses, whoever has them; who is deleted there is out soon, too', async () => {
    const { ada, settings, there, row } = world
    const theirs = await ada.call('domains.create', { name: 'zimbra.example' })
    const at = (name: string) => `${name}@zimbra.example`
    const tree = `ou=zimbra,${base}`
    await there(async (client) => {
      await client.add(tree, { objectClass: 'organizationalUnit', ou: 'zimbra' })
      for (const name of ['bow', 'stroke', 'cox'])
        await client.add(`uid=${name},${tree}`, {
          ...{ objectClass: ['inetOrgPerson', 'zimbraAccount'], uid: name, cn: name, sn: name, displayName: name },
          ...{ zimbraId: `id-${name}`, zimbraMailDeliveryAddress: at(name), mail: at(name), zimbraAccountStatus: 'active' },
        })
      await client.add(`uid=crew,${tree}`, {
        ...{ objectClass: 'zimbraDistributionList', uid: 'crew', zimbraId: 'id-crew', mail: at('crew'), displayName: 'Crew' },
        zimbraMailForwardingAddress: [at('bow'), 'mum@elsewhere.example'],
      })
    })
    const mine = { preset: 'zimbra', baseDn: tree, writesBack: true }
    await ada.call('providers.set', { domainId: theirs.id, isOn: true, settings: settings(mine) })
    await until('the list is here', async () => (await ada.call('lists.list', { domainId: theirs.id })).lists.length === 1, 10_000)
    const [crew] = (await ada.call('lists.list', { domainId: theirs.id })).lists
    const members = async () => (await ada.call('lists.members', { listId: crew!.id })).members.map(({ address }) => address).sort()
    await until('who is in it, too', async () => (await members()).length === 2)
    assert.deepEqual([crew!.name, await members()], ['Crew', [at('bow'), 'mum@elsewhere.example']])

    await ada.call('lists.change', { listId: crew!.id, name: 'The crew', description: 'Eight' })
    const change = { add: [at('stroke'), 'dad@elsewhere.example'], remove: [at('bow'), 'mum@elsewhere.example'] }
    await ada.call('lists.members.change', { listId: crew!.id, ...change })
    const { searchEntries } = await there((client) => client.search(`uid=crew,${tree}`, { scope: 'base' }))
    const { displayName, description, zimbraMailForwardingAddress } = searchEntries[0]!
    assert.deepEqual([displayName, description], ['The crew', 'Eight'])
    assert.deepEqual([zimbraMailForwardingAddress].flat().sort(), change.add.toSorted())
    assert.deepEqual(await members(), change.add.toSorted())

    await there((client) => client.del(`uid=cox,${tree}`))
    await until('who is deleted is out', async () => (await row(at('cox')))?.status === 'locked', 10_000)
  })
})
