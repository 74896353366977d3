import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, inject, test } from 'vitest'
import { nodeOf } from '@atrium/platform/placement'
import { until } from '@atrium/platform/testing'
import { notRun } from '@atrium/platform/testing/needs'
import { logged, peopleLdif, slapdProgram } from '@atrium/platform/testing/slapd'
import { slices } from '../slices.ts'
import { at, domain, group, groupLdif, ldapHouse, person, replaced, type LdapHouse } from './testing/ldap.ts'
import { liar } from './testing/liar.ts'

if (!slapdProgram()) notRun('LDAP', 'slapd')

const count = 70
const groups = 24
function* tree(): Generator<string> {
  yield* peopleLdif(count, domain)
  for (let i = 1; i <= groups; i++) yield groupLdif(`crew${i}`, person(i))
}

describe.skipIf(!slapdProgram())('what vanishes from LDAP', () => {
  let world: LdapHouse
  beforeAll(async () => {
    world = await ldapHouse(inject('cluster'), tree())
    await world.follow(count)
  })
  afterAll(() => world?.close())

  test('groups that vanish are asked about as people are: bit by bit as at once, and whoever follows them hears the answer', async () => {
    const { town, mirror, there, look, answer, row, lists } = world
    const isOut = (i: number) => async () => (await row(at(`person${i}`)))!.status === 'locked'
    const asked = async () => [(await mirror()).state, (await mirror()).vanished, (await mirror()).vanishedLists, (await lists()).length]
    await there((client) => client.del(group('crew1')))
    await look()
    assert.deepEqual(await asked(), ['idle', 0, 0, groups - 1])

    // Another hub goes on where this one stopped, and knows what went before.
    await town.hub.elsewhere.stop()
    await there((client) => client.del(group('crew2')))
    const other = slices({ ...town.ground, node: nodeOf('other') })
    other.elsewhere.follow()
    try {
      await until('somebody is asked', async () => (await mirror()).state === 'asks', 10_000)
      assert.deepEqual(await asked(), ['asks', 0, 1, groups - 1])
      await there((client) => client.del(person(49)))
      await until('whoever leaves is out all the same', isOut(49), 10_000)
      assert.deepEqual(await asked(), ['asks', 0, 1, groups - 1])
      await answer('accept')
      await until('the other hub heard it', async () => (await mirror()).state === 'idle', 10_000)
      assert.deepEqual(await asked(), ['idle', 0, 0, groups - 2])
    } finally {
      await other.elsewhere.stop()
    }
    town.hub.elsewhere.follow()

    // One that is there again is a list again.
    await there((client) => client.add(group('crew1'), { objectClass: 'groupOfNames', cn: 'crew1', member: person(1) }))
    await look()
    assert.deepEqual(await asked(), ['idle', 0, 0, groups - 1])
  })

  test('what is deleted while nobody looks is found by whoever looks next; bit by bit is as much as at once', async () => {
    const { town, provider, mirror, there, look, answer, row, open, standing } = world
    const isOut = (i: number) => async () => (await row(at(`person${i}`)))!.status === 'locked'
    await until('all deletions are known', async () => (await standing()).settled === (await standing()).seen, 10_000)
    const { listedAt } = await standing()
    const others = await open()

    // Another hub goes on where this one stopped.
    await town.hub.elsewhere.stop()
    await there((client) => client.del(person(41)))
    const other = slices({ ...town.ground, node: nodeOf('other') })
    other.elsewhere.follow()
    try {
      town.hub.elsewhere.follow()
      await until('the other hub knows it', isOut(41), 5_000)
    } finally {
      await other.elsewhere.stop()
    }
    await town.hub.elsewhere.stop()

    // More changed than the server can say one by one: it names all who are there.
    await there(async (client) => {
      for (let i = 0; i <= logged; i++) await client.modify(person(42 + (i % 5)), replaced('title', `Rower ${i}`))
      await client.del(person(47))
    })
    town.hub.elsewhere.follow()
    await until('it is known from who is there', isOut(47), 5_000)
    assert.deepEqual((await standing()).listedAt, listedAt, 'nobody compared ids for that')
    await town.hub.elsewhere.stop()

    // The server does not know the state we speak of: it is compared, and nobody else is out.
    await town.db
      .updateTable('mirror')
      .set({ settled: '20990101000000.000000Z#000000#000#000000' })
      .where('providerId', '=', provider.id)
      .execute()
    const { seen } = await standing()
    await there((client) => client.del(person(48)))
    town.hub.elsewhere.follow()
    await until('that something changed is known', async () => (await standing()).seen !== seen, 5_000)
    assert.equal((await open()).length, others.length - 2)
    await look()
    assert.equal((await mirror()).state, 'asks', 'one by one they were more than a twentieth')
    assert.equal((await open()).length, others.length - 2)
    await answer('accept')
    await until('an administrator knows', isOut(48))
    assert.equal((await mirror()).state, 'idle')
  })

  test('[R-17] whatever a server lies, nobody is locked by it; many who really left go when somebody says so', async () => {
    const { slapd, town, ada, domainId, provider, set, mirror, there, turn, look, answer, row, open, lists, standing, change } = world
    const proxy = await liar(slapd.port)
    try {
      await set({ url: proxy.url, startTls: false })
      await look()
      const [before, listsBefore] = [(await open()).length, (await lists()).length]
      for (const [mood, state, problem] of [
        ['empty', 'asks', null],
        ['half', 'asks', null],
        ['groupless', 'asks', null],
        ['truncated', 'unreachable', 'truncated'],
        ['referral', 'unreachable', 'referral'],
      ] as const) {
        proxy.tells(mood)
        await look()
        const said = await mirror()
        assert.deepEqual([said.state, said.problem], [state, problem], mood)
        assert.deepEqual([(await open()).length, (await lists()).length], [before, listsBefore], mood)
        proxy.tells('honest')
        await look()
        const { state: after, vanished, vanishedLists } = await mirror()
        assert.deepEqual([after, vanished, vanishedLists], ['idle', 0, 0], `after ${mood}`)
      }

      // Whatever it says of deletions: who is there by name is not deleted.
      const ids = await town.db
        .selectFrom('mirrored')
        .select(['externalId', 'ownerId'])
        .where('providerId', '=', provider.id)
        .where('kind', '=', 'account')
        .execute()
      const twenty = (await row(at('person20')))!.id
      for (const [deleted, state] of [
        [ids.map(({ externalId }) => externalId), 'asks'],
        [ids.flatMap(({ externalId, ownerId }) => (ownerId === twenty ? [externalId] : [])), 'idle'],
      ] as const) {
        proxy.synchronises({ deleted })
        await change(person(20), 'title', `Bow ${deleted.length}`)
        await turn()
        await until(`${deleted.length} are said to be gone`, async () => {
          const { seen, settled } = await standing()
          return (await mirror()).state === state && (state === 'asks' || settled === seen)
        })
        assert.equal((await open()).length, before)
        await look()
        assert.equal((await mirror()).state, 'idle')
      }
      // e-syncRefreshRequired
      proxy.synchronises({ code: 4096 })
      const { seen } = await standing()
      await change(person(20), 'title', 'Stroke')
      await turn()
      await until('that something changed is known', async () => (await standing()).seen !== seen)
      assert.notEqual((await standing()).settled, (await standing()).seen, 'to be compared')
      assert.equal((await open()).length, before)
      proxy.synchronises()

      for (let i = 30; i < 40; i++) await there((client) => client.del(person(i)))
      // A single one of many, but where people are asked about nothing goes.
      await there((client) => client.del(group('crew3')))
      await look()
      const asked = async () => [(await mirror()).state, (await mirror()).vanished, (await mirror()).vanishedLists]
      assert.deepEqual(await asked(), ['asks', 10, 1])
      assert.deepEqual([(await open()).length, (await lists()).length], [before, listsBefore])
      await answer('dismiss')
      assert.deepEqual(await asked(), ['asks', 10, 1])
      await answer('accept')
      assert.deepEqual(await asked(), ['idle', 0, 0])
      assert.deepEqual([(await open()).length, (await lists()).length], [before - 10, listsBefore - 1])
      assert.equal(
        (await ada.refusal('providers.answer', { domainId, providerId: provider.id, answer: 'accept' })).key,
        'providers.notAsking',
      )
    } finally {
      await proxy.close()
    }
  })
})
