import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import type { Event } from '@atrium/platform'
import { presets, rights as allRights, type GrantId, type Right } from '@atrium/protocol'
import { domains, type Colleague, type Domains } from './testing/domains.ts'

let here: Domains
let bob: Colleague
let helen: Colleague
beforeAll(async () => {
  here = await domains(inject('cluster'))
  bob = await here.domainAdministrator('Bob')
  helen = await here.domainAdministrator('Helen', here.harbour)
})
afterAll(() => here?.close())

test('[GRANT-1] a right over a domain holds for what is in it, what comes into it later too, and for nothing else', async () => {
  const [mine, theirs] = [await here.list(bob, 'Crew'), await here.list(helen, 'Pilots', here.harbour)]
  assert.equal((await bob.call('lists.get', { listId: mine.id })).name, 'Crew')
  assert.equal((await bob.refusal('lists.get', { listId: theirs.id })).code, 'not_found')
  assert.equal((await bob.refusal('lists.change', { listId: theirs.id, name: 'Ours' })).code, 'not_found')
  assert.equal((await bob.refusal('lists.create', { domainId: here.harbour, userName: 'ours', name: 'Ours' })).code, 'not_found')
  const { lists } = await bob.call('lists.list', {})
  assert.ok(lists.some(({ id }) => id === mine.id) && !lists.some(({ id }) => id === theirs.id))
  const one = await here.one('Odile')
  await bob.call('grants.give', {
    grantee: { kind: 'account', id: one.accountId },
    target: { kind: 'list', id: mine.id },
    rights: ['list.change'],
  })
  assert.equal((await one.call('lists.change', { listId: mine.id, name: 'The crew' })).name, 'The crew')
  assert.equal((await one.refusal('lists.delete', { listId: mine.id })).code, 'forbidden', 'one list, and not its end')
})

test('[GRANT-2] to see is part of every other right of the kind; who has no right at all is told nothing', async () => {
  const nobody = await here.one('Noor')
  const list = await here.list(here.ada, 'Anything')
  assert.equal((await nobody.call('directory.me', {})).mayAdminister, false)
  assert.equal((await nobody.refusal('lists.list', {})).code, 'forbidden')
  assert.equal((await nobody.refusal('lists.get', { listId: list.id })).code, 'forbidden')
  await here.give(here.ada, nobody, ['list.delete'])
  assert.equal((await nobody.call('lists.get', { listId: list.id })).id, list.id)
  assert.equal((await nobody.refusal('lists.change', { listId: list.id, name: 'x' })).code, 'forbidden')
  assert.equal((await nobody.call('directory.me', {})).mayAdminister, true)
  const mine = await nobody.call('me.rights', {})
  assert.deepEqual(mine.anywhere, ['list.see', 'list.delete'])
  assert.deepEqual(
    mine.domains.map(({ name, rights }) => [name, rights]),
    [['saltmarsh.example', ['list.see', 'list.delete']]],
  )
})

test('[GRANT-3] what is denied nobody else’s grant brings back, whatever it is denied over', async () => {
  const one = await here.one('Dora')
  const [open, shut] = [await here.list(here.ada, 'Open'), await here.list(here.ada, 'Shut')]
  await here.give(here.ada, one, ['list.change', 'list.delete'])
  const denial = await here.ada.call('grants.give', {
    ...{ grantee: { kind: 'account', id: one.accountId }, target: { kind: 'list', id: shut.id } },
    ...{ rights: ['list.see'], isDenied: true, mayGrant: true },
  } as const)
  assert.equal(denial.mayGrant, false)
  assert.equal((await one.refusal('lists.change', { listId: shut.id, name: 'x' })).code, 'not_found', 'who may not see, may do nothing')
  const { lists } = await one.call('lists.list', {})
  assert.ok(lists.some(({ id }) => id === open.id) && !lists.some(({ id }) => id === shut.id))
  await here.give(here.ada, one, ['list.delete'], { isDenied: true })
  assert.equal((await one.refusal('lists.delete', { listId: open.id })).code, 'forbidden')
  await here.ada.call('grants.revoke', { grantId: denial.id })
  assert.equal((await one.call('lists.change', { listId: shut.id, name: 'Shut no more' })).name, 'Shut no more')
})

test('[GRANT-4] one gives what one holds with the right to give it on, to others, there and nowhere else', async () => {
  const [one, other] = [await here.one('Gil'), await here.one('Hanna')]
  await here.give(bob, one, ['list.see', 'list.change', 'grant.give'])
  assert.equal(
    (
      await one.refusal('grants.give', {
        grantee: { kind: 'account', id: other.accountId },
        target: here.over(here.saltmarsh),
        rights: ['list.change'],
      })
    ).key,
    'grants.noSuchGrantee',
  )
  const attempts: [Colleague, Colleague, Right, string, string][] = [
    [bob, other, 'account.see', here.harbour, 'not_found'],
    [bob, bob, 'list.see', here.saltmarsh, 'forbidden'],
    [bob, helen, 'list.see', here.saltmarsh, 'not_found'],
  ]
  for (const [by, to, right, id, code] of attempts)
    assert.equal(
      (
        await by.refusal('grants.give', {
          grantee: { kind: 'account', id: to.accountId },
          target: { kind: 'domain', id: id as never },
          rights: [right],
        })
      ).code,
      code,
    )
  const limits = await here.ada.refusal('grants.give', {
    grantee: { kind: 'account', id: other.accountId },
    target: here.over(here.saltmarsh),
    rights: ['domain.limits'],
  })
  assert.deepEqual([limits.key, limits.field], ['grants.rightNotThere', 'rights'])
  assert.equal(
    (
      await bob.refusal('grants.give', {
        grantee: { kind: 'account', id: here.ada.accountId },
        target: here.over(here.saltmarsh),
        rights: ['list.see'],
      })
    ).key,
    'grants.aboveYou',
  )
})

test('[GRANT-9] revoking takes what was given on from it, however far, and says so to everybody concerned', async () => {
  const [one, two, three] = [await here.one('Ines'), await here.one('Jonas'), await here.one('Kim')]
  const passing: Right[] = ['account.see', 'list.see', 'list.change', 'grant.give']
  const first = await here.give(here.ada, one, passing, { mayGrant: true })
  const second = await here.give(one, two, passing, { mayGrant: true })
  const third = await here.give(two, three, ['list.change'])
  const list = await here.list(here.ada, 'Chain')
  await three.call('lists.change', { listId: list.id, name: 'Longer chain' })
  assert.equal((await three.refusal('grants.revoke', { grantId: second.id })).code, 'not_found', 'who sees no grants knows of none')
  assert.equal((await two.refusal('grants.revoke', { grantId: first.id })).key, 'grants.notYours', 'nobody takes back from above')

  const heard: Event[] = []
  const stop = here.ground.bus.subscribe(`account:${three.accountId}`, (event) => heard.push(event))
  const { revoked } = await one.call('grants.revoke', { grantId: second.id })
  assert.deepEqual(new Set(revoked), new Set([second.id, third.id]))
  assert.deepEqual(
    heard.map(({ name }) => name),
    ['me.rights.changing'],
  )
  stop()
  assert.equal((await three.refusal('lists.get', { listId: list.id })).code, 'forbidden')
  assert.equal((await one.call('lists.get', { listId: list.id })).name, 'Longer chain', 'the root stays')
})

test('[GRANT-8] a list holds rights for all who are named in it, also by a list in it and in a circle that was there; a dynamic one none', async () => {
  const [one, two] = [await here.one('Lars'), await here.one('Mina')]
  const inner = await here.list(here.ada, 'Inner', here.saltmarsh, { members: [two.address] })
  const outer = await here.list(here.ada, 'Outer', here.saltmarsh, { members: [one.address, inner.address] })
  const target = await here.list(here.ada, 'Target')
  const grant = await here.ada.call('grants.give', {
    grantee: { kind: 'list', id: outer.id },
    target: { kind: 'list', id: target.id },
    rights: ['list.change'],
  })
  for (const who of [one, two]) await who.call('lists.change', { listId: target.id, name: `By ${who.address}` })
  await here.ada.call('lists.members.change', { listId: inner.id, remove: [two.address] })
  assert.equal((await two.refusal('lists.get', { listId: target.id })).code, 'forbidden')
  assert.equal((await here.ada.call('grants.list', { grantee: { kind: 'list', id: outer.id } })).grants[0]!.granteeName, 'Outer')
  await here.ada.call('lists.delete', { listId: outer.id })
  assert.equal((await one.refusal('lists.get', { listId: target.id })).code, 'forbidden')
  assert.ok(!(await here.ada.call('grants.list', {})).grants.some(({ id }) => id === grant.id), 'what a list held goes with it')

  const dynamic = await here.list(here.ada, 'Dynamic', here.saltmarsh, { url: `ldap:///??sub?(title=Nobody ${target.id})` })
  const refused = await here.ada.refusal('grants.give', {
    grantee: { kind: 'list', id: dynamic.id },
    target: { kind: 'list', id: target.id },
    rights: ['list.change'],
  })
  assert.equal(refused.key, 'grants.dynamicList')
})

test('[GRANT-10] who is in a list that holds rights is changed by who could give them, and by no owner', async () => {
  const [owner, accomplice, manager] = [await here.one('Nils'), await here.one('Olga'), await here.one('Pia')]
  await here.give(here.ada, manager, presets.groupManagement)
  const strong = await here.list(here.ada, 'Strong', here.saltmarsh, { ownerIds: [owner.accountId], joining: 'free' })
  await here.ada.call('grants.give', {
    grantee: { kind: 'list', id: strong.id },
    target: here.over(here.saltmarsh),
    rights: ['account.security'],
  })
  const below = await here.list(here.ada, 'Below', here.saltmarsh, { ownerIds: [owner.accountId], joining: 'free' })
  await here.ada.call('lists.members.change', { listId: strong.id, add: [below.address] })
  for (const listId of [strong.id, below.id]) {
    assert.equal((await owner.refusal('me.list.change', { listId, add: [accomplice.address] })).key, 'grants.listCarriesRights')
    assert.equal((await accomplice.refusal('me.list.join', { listId })).key, 'grants.listCarriesRights')
    assert.equal((await manager.refusal('lists.members.change', { listId, add: [accomplice.address] })).key, 'grants.listCarriesRights')
  }
  assert.equal((await manager.refusal('lists.delete', { listId: strong.id })).key, 'grants.listCarriesRights')
  // So many at one moment that, if each asked on another connection than its own, none would be left.
  const change = { listId: strong.id, add: [accomplice.address] }
  const many = Array.from({ length: 8 }, () => [owner.refusal('me.list.change', change), manager.refusal('lists.members.change', change)])
  for (const { key } of await Promise.all(many.flat())) assert.equal(key, 'grants.listCarriesRights')
  await bob.call('lists.members.change', { listId: below.id, add: [accomplice.address] })
  assert.ok((await accomplice.call('me.rights', {})).anywhere.includes('account.security'), 'who holds them all may')
})

test('[DIR-14] who was granted something, by themselves or by a list in a list, is listed as a delegate', async () => {
  const [one, other, nobody] = [await here.one('DelegateOne'), await here.one('DelegateSix'), await here.one('DelegateTwo')]
  await here.give(here.ada, one, ['list.see'])
  const [outer, inner] = [await here.list(here.ada, 'Above'), await here.list(here.ada, 'Within')]
  await here.ada.call('lists.members.change', { listId: outer.id, add: [inner.address] })
  await here.ada.call('lists.members.change', { listId: inner.id, add: [other.address] })
  await here.ada.call('grants.give', { grantee: { kind: 'list', id: outer.id }, target: here.over(here.saltmarsh), rights: ['list.see'] })
  const types = async (more: object = {}) =>
    (await here.ada.call('accounts.list', { search: 'delegate', ...more })).accounts.map(({ id, type }) => [id, type])
  const delegates = [one, other].map(({ accountId }) => [accountId, 'delegated'])
  assert.deepEqual(await types(), [...delegates, [nobody.accountId, 'normal']])
  assert.deepEqual(await types({ types: ['delegated'] }), delegates)
})

test('[GRANT-5][GRANT-6] who holds more than oneself, and oneself, cannot be touched', async () => {
  const helper = await here.one('Quinn')
  await here.give(here.ada, helper, presets.helpDesk)
  const target = async (right: Right, id: string) => [...(await here.hub.granted.may((await helper.actor())!, right, 'account', [id]))]
  const plain = await here.one('Rosa')
  assert.deepEqual(await target('account.security', plain.accountId), [plain.accountId])
  for (const above of [here.ada, bob, helper]) {
    assert.deepEqual(await target('account.security', above.accountId), [])
    assert.deepEqual(await target('account.see', above.accountId), [above.accountId])
  }
  assert.equal((await helper.refusal('accounts.password.wipe', { accountId: bob.accountId })).key, 'grants.aboveYou')
  assert.equal((await helper.refusal('accounts.password.wipe', { accountId: here.ada.accountId })).key, 'grants.aboveYou')
  assert.equal((await helper.refusal('accounts.password.wipe', { accountId: helper.accountId })).key, 'grants.notYourself')
})

test('what somebody may do, and why', async () => {
  const one = await here.one('Sara')
  const grant = await here.give(here.ada, one, ['list.change', 'list.delete'])
  const denial = await here.give(here.ada, one, ['list.delete'], { isDenied: true })
  const explained = await here.ada.call('grants.explain', { accountId: one.accountId, target: here.over(here.saltmarsh) })
  const of = (right: Right) => explained.rights.find((entry) => entry.right === right)!
  assert.deepEqual(of('list.see'), { right: 'list.see', isAllowed: true, because: 'granted', grants: [grant.id] })
  assert.deepEqual(of('list.delete'), { right: 'list.delete', isAllowed: false, because: 'denied', grants: [denial.id] })
  assert.deepEqual(of('account.see'), { right: 'account.see', isAllowed: false, because: 'nothing', grants: [] })
  assert.deepEqual(
    explained.grants.map(({ id }) => id),
    [grant.id, denial.id],
  )
  const all = await here.ada.call('grants.explain', { accountId: here.ada.accountId, target: here.over(here.saltmarsh) })
  assert.deepEqual([...new Set(all.rights.map(({ because }) => because))], ['administrator'])
  assert.equal(all.rights.length, allRights.length)
  assert.equal((await bob.refusal('grants.explain', { accountId: helen.accountId, target: here.over(here.saltmarsh) })).code, 'not_found')
  assert.equal((await bob.refusal('grants.explain', { accountId: one.accountId, target: here.over(here.harbour) })).code, 'not_found')
})

test('[GRANT-4] somebody is told which of their rights they may give on, and counts people of a class as far as they see them', async () => {
  const one = await here.one('Nell')
  await here.give(here.ada, one, ['account.see', 'cos.see', 'grant.give'])
  await here.give(here.ada, one, ['list.change'], { mayGrant: true })
  const domains = async (who: Colleague | typeof here.ada) => (await who.call('me.rights', {})).domains
  assert.deepEqual((await domains(one))[0]!.grantable, ['list.see', 'list.change'])
  assert.deepEqual((await domains(here.ada))[0]!.grantable.includes('domain.limits'), false)
  const [everybody] = (await here.ada.call('cos.list', {})).classes
  const [mine] = (await one.call('cos.list', {})).classes
  const { count } = await one.call('accounts.count', { domainId: here.saltmarsh })
  assert.equal(mine!.accounts, count)
  assert.ok(everybody!.accounts > count, 'Helen’s domain has the same class')
  assert.equal((await one.call('cos.get', { cosId: mine!.id })).accounts, count)
})

test('grants go in pages, and each administrator sees those over what is theirs', async () => {
  const one = await here.one('Tom')
  for (let n = 0; n < 5; n++) await here.give(here.ada, one, ['resource.see'])
  const seen: GrantId[] = []
  for (let after: string | undefined; ;) {
    const page = await bob.call('grants.list', { grantee: { kind: 'account', id: one.accountId }, limit: 2, after })
    seen.push(...page.grants.map(({ id }) => id))
    if (page.next === null) break
    after = page.next
  }
  assert.equal(new Set(seen).size, 5)
  const ofTom = { grantee: { kind: 'account', id: one.accountId } } as const
  await here.give(bob, one, ['list.see'])
  const revocable = async (who: Colleague | typeof here.ada) =>
    (await who.call('grants.list', ofTom)).grants.map(({ mayRevoke, rights }) => [rights[0], mayRevoke])
  const adas = Array.from({ length: 5 }, (): [Right, boolean] => ['resource.see', false])
  assert.deepEqual(await revocable(bob), [['list.see', true], ...adas], 'what somebody else gave is theirs to take back')
  assert.ok((await revocable(here.ada)).every(([, may]) => may))
  const theirs = (await helen.call('grants.list', {})).grants
  assert.ok(theirs.length > 0 && theirs.every(({ target }) => target.kind === 'domain' && target.id === here.harbour))
  assert.ok((await here.hub.granted.delegates()).includes(one.accountId))
})

test('what is granted and taken back by fifty at once ends without anything that came from it', async () => {
  const chain = await Promise.all(['U', 'V', 'W'].map((name) => here.one(name)))
  const passing: Right[] = ['account.see', 'list.see', 'grant.give']
  const root = await here.give(here.ada, chain[0]!, passing, { mayGrant: true })
  const second = await here.give(chain[0]!, chain[1]!, passing, { mayGrant: true })
  const many = Array.from({ length: 50 }, async (_, n) =>
    n === 25
      ? here.ada.ask('grants.revoke', { grantId: root.id })
      : n === 40
        ? here.ada.ask('grants.revoke', { grantId: second.id })
        : chain[n % 2]!.ask('grants.give', {
            grantee: { kind: 'account', id: chain[2]!.accountId },
            target: here.over(here.saltmarsh),
            rights: ['list.see'],
          }),
  )
  const replies = await Promise.all(many)
  assert.ok(
    replies.every((reply) => reply.ok || ['forbidden', 'not_found'].includes(reply.error.code)),
    JSON.stringify(replies.find((reply) => !reply.ok)),
  )
  assert.deepEqual((await chain[2]!.call('me.rights', {})).anywhere, [])
})

test('who moves an account may create some where it goes: domains of others are as if they were not there', async () => {
  const mover = await here.one('Mona')
  await here.give(here.ada, mover, ['account.move', 'account.see'])
  const moved = await here.one('Theo')
  const into = { accountId: moved.accountId, toDomainId: here.harbour }
  assert.equal((await mover.refusal('accounts.move', into)).code, 'not_found')
  await here.give(here.ada, mover, ['account.see'], { target: here.over(here.harbour) })
  assert.equal((await mover.refusal('accounts.move', into)).code, 'not_found', 'to see accounts there is not to see the domain')
  await here.give(here.ada, mover, ['domain.see'], { target: here.over(here.harbour) })
  assert.equal((await mover.refusal('accounts.move', into)).code, 'forbidden')
  await here.give(here.ada, mover, ['account.create'], { target: here.over(here.harbour) })
  assert.equal((await mover.call('accounts.move', into)).domainId, here.harbour)
})
