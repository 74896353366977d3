import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import type { DomainId, ValuesChange } from '@atrium/protocol'
import { house, password, type House, type Someone } from '../directory/testing/house.ts'

let hub: House
let ada: Someone
let domainId: DomainId
const day = 86_400_000

beforeAll(async () => {
  hub = await house(inject('cluster'))
  ada = await hub.founded()
  domainId = (await ada.call('domains.list', {})).domains[0]!.id
})
afterAll(() => hub.close())

const given = async (name: string, values: ValuesChange) => {
  const person = await hub.colleague(ada, name)
  await ada.call('accounts.values', { accountId: person.accountId, values })
  return person
}

test('[AUTH-12] a password that an administrator chose opens nothing until it is changed', async () => {
  const { account } = await ada.call('accounts.create', {
    domainId,
    userName: 'john',
    given: 'John',
    surname: 'Smith',
    password: 'only for the first day',
  })
  assert.ok(account.mustChangePassword)
  const john = hub.somebody()
  const state = await john.call('auth.signIn', { address: 'john@saltmarsh.example', password: 'only for the first day' })
  assert.deepEqual(state, { state: 'owes', owes: ['new_password'], ways: [], trustDays: 30 })
  assert.equal(await john.actor(), undefined)
  const refused = await john.refusal('directory.me', {})
  assert.deepEqual([refused.code, refused.key], ['unauthenticated', 'factors.unfinished'])
  for (const name of ['factors.list', 'factors.totp.begin'] as const) assert.equal((await john.refusal(name, {})).key, 'factors.notNow')
  assert.equal((await john.refusal('auth.totp', { code: '123456' })).key, 'factors.notNow')

  assert.equal((await john.refusal('auth.newPassword', { password: 'only for the first day' })).key, 'factors.passwordUsed')
  assert.equal((await john.refusal('auth.newPassword', { password: 'johnsmith' })).key, 'factors.passwordTooShort')
  const before = john.secret
  assert.deepEqual(await john.call('auth.newPassword', { password }), { state: 'in', accountId: account.id })
  assert.notEqual(john.secret, before)
  assert.equal(await hub.hub.sessions.unfinishedOf(before!), undefined)
  assert.equal((await john.call('directory.me', {})).person.name, 'John Smith')
  assert.deepEqual(await hub.somebody().call('auth.signIn', { address: 'john@saltmarsh.example', password }), {
    state: 'in',
    accountId: account.id,
  })
  assert.equal((await john.refusal('auth.newPassword', { password: 'another good one' })).key, 'factors.notNow')
})

test('[AUTH-12] a password that is too old is changed at the next sign-in; who may not change theirs keeps it', async () => {
  const bob = await given('Old Bob', { 'password.maxAge': 30 })
  const fixed = await given('Fixed Bob', { 'password.maxAge': 30, 'password.mayChange': false })
  hub.later(31 * day)
  await ada.signIn('ada@saltmarsh.example')
  assert.deepEqual(await bob.call('auth.signIn', { address: bob.address, password }), {
    ...{ state: 'owes', owes: ['new_password'], ways: [], trustDays: 30 },
  })
  await bob.call('auth.newPassword', { password: 'eleven quiet herons' })
  await fixed.signIn(fixed.address)
  assert.equal((await fixed.call('auth.policy', {})).mayChange, false)
  assert.equal(
    (await fixed.refusal('auth.password.change', { current: password, next: 'eleven quiet herons' })).key,
    'factors.passwordFixed',
  )
})

test('[AUTH-6] a password is as its owner’s class wants it, and none of the last ones again', async () => {
  const bob = await given('Strict Bob', {
    'password.minLength': 12,
    'password.minUpper': 1,
    'password.minDigits': 2,
    'password.minPunctuation': 1,
    'password.history': 2,
    'password.allowedCharacters': 'a-zA-Z0-9 !-',
  })
  const change = (current: string, next: string) => bob.refusal('auth.password.change', { current, next })
  assert.equal((await bob.call('auth.policy', {})).minLength, 12)
  const wrong = await change(password, 'Short 12!')
  assert.deepEqual([wrong.key, wrong.params, wrong.field], ['factors.passwordTooShort', { count: 12 }, 'next'])
  assert.equal((await change(password, 'seven quiet herons 12!')).key, 'factors.passwordUpper')
  assert.equal((await change(password, 'Seven quiet herons 1!')).key, 'factors.passwordDigits')
  assert.equal((await change(password, 'Seven quiet herons 12')).key, 'factors.passwordPunctuation')
  assert.equal((await change(password, 'Seven quiet herons 12!?')).key, 'factors.passwordCharacters')
  const taken = ['Seven quiet herons 12!', 'Eight quiet herons 12!', 'Nine quiet herons 12!']
  let current: string = password
  for (const next of taken) {
    await bob.call('auth.password.change', { current, next })
    current = next
  }
  for (const used of taken) assert.equal((await change(current, used)).key, 'factors.passwordUsed')
  await bob.call('auth.password.change', { current, next: 'Ten quiet herons 12!' })
  await bob.call('auth.password.change', { current: 'Ten quiet herons 12!', next: taken[0]! })

  await ada.call('accounts.values', { accountId: bob.accountId, values: { 'password.minAge': 3 } })
  const young = await change(taken[0]!, 'Twelve quiet herons 12!')
  assert.deepEqual([young.key, young.params], ['factors.passwordTooYoung', { days: 3 }])
})

test('[AUTH-6] the page of a link knows the policy; a stranger’s link knows nothing', async () => {
  const bob = await given('Linked Bob', { 'password.minLength': 20 })
  const link = await ada.call('accounts.password.wipe', { accountId: bob.accountId })
  const visitor = hub.somebody()
  assert.equal((await visitor.call('auth.link.policy', { token: hub.tokenOf(link) })).minLength, 20)
  assert.equal((await visitor.refusal('auth.link.policy', { token: 'A'.repeat(43) })).key, 'auth.linkUsed')
})

test('[AUTH-3] a wiped password opens nothing, every session is over, and its person chooses another by the link', async () => {
  const bob = await hub.colleague(ada, 'Wiped Bob')
  const link = await ada.call('accounts.password.wipe', { accountId: bob.accountId })
  assert.equal((await bob.refusal('directory.me', {})).code, 'unauthenticated')
  assert.equal((await bob.refusal('auth.signIn', { address: bob.address, password })).key, 'auth.wrongPassword')
  await bob.call('auth.invitation.accept', { token: hub.tokenOf(link), password: 'eight quiet herons' })
  await bob.call('directory.me', {})
  const account = await ada.call('accounts.password.remove', { accountId: bob.accountId })
  assert.equal(account.hasPassword, false)
  assert.equal((await bob.refusal('auth.signIn', { address: bob.address, password: 'eight quiet herons' })).key, 'auth.wrongPassword')
})

test('who is shut out is told why, once the password is shown', async () => {
  const bob = await hub.colleague(ada, 'Shut Bob')
  for (const [status, key] of [
    ['maintenance', 'factors.inMaintenance'],
    ['locked', 'auth.accountLocked'],
    ['closed', 'factors.accountClosed'],
  ] as const) {
    await ada.call('accounts.status', { accountId: bob.accountId, status })
    assert.equal((await hub.somebody().refusal('auth.signIn', { address: bob.address, password })).key, key)
    assert.equal((await hub.somebody().refusal('auth.signIn', { address: bob.address, password: 'wrong' })).key, 'auth.wrongPassword')
  }
  await ada.call('accounts.status', { accountId: bob.accountId, status: 'active' })
  await hub.somebody().signIn(bob.address)
})

test('[AUTH-4] how long sessions last is what the values say today', async () => {
  const bob = await hub.colleague(ada, 'Brief Bob')
  const rose = await hub.colleague(ada, 'Rose')
  hub.later(3 * day)
  assert.equal((await bob.call('directory.me', {})).person.id, bob.accountId)
  await ada.call('accounts.values', { accountId: bob.accountId, values: { 'sessions.idle': 1 } })
  hub.later(2 * day)
  assert.equal((await bob.refusal('directory.me', {})).code, 'unauthenticated')
  await rose.call('directory.me', {})
})

test('[AUTH-14] a forgotten password: a letter to the verified address, the same answer for everybody', async () => {
  const bob = await hub.colleague(ada, 'Forgetting Bob')
  const recovery = `${randomUUID()}@elsewhere.example`
  const letters = async (to: string) => {
    const { rows } = await sql<{ text: string }>`
      select payload ->> 'text' as text from job where kind = 'mail.send' and payload ->> 'to' = ${to} order by id`.execute(hub.db)
    return rows.map(({ text }) => /https:\/\/hub\.example\/\w+\/([\w-]{43})/.exec(text)![1]!)
  }
  const forgets = async (address: string) => {
    const from = hub.statements.length
    assert.deepEqual(await hub.somebody({ source: '203.0.113.9' }).call('auth.forgot', { address }), {})
    return hub.statements.slice(from).filter((text) => text.includes('strike') || text.includes('insert into'))
  }
  const quiet = () =>
    until(
      'nobody waits for a letter',
      async () => (await sql`select from job where kind = 'auth.forgotten'`.execute(hub.db)).rows.length === 0,
    )

  assert.equal((await bob.refusal('me.recovery', { address: bob.address })).key, 'factors.recoveryIsOwn')
  assert.deepEqual(await bob.call('me.recovery', { address: recovery }), { isVerified: false })
  // As long as nobody does the jobs, what is asked is what whoever forgot it waits for.
  const asked = await forgets(bob.address)
  assert.deepEqual(await forgets('nobody-there@saltmarsh.example'), asked, 'the database is asked the same')
  hub.hub.sessions.work(hub.queue)
  await quiet()
  const [verifying, ...more] = await letters(recovery)
  assert.deepEqual(more, [], 'nothing goes to an address that nobody has verified')
  await hub.somebody().call('auth.recovery.verify', { token: verifying! })
  assert.deepEqual((await bob.call('factors.list', {})).recovery, { address: recovery, isVerified: true })

  await forgets(bob.address)
  await quiet()
  const token = (await letters(recovery)).at(-1)!
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      hub.somebody({ source: `10.9.0.${n}` }).ask('auth.invitation.accept', { token, password: `herons number ${n}` }),
    ),
  )
  assert.equal(replies.filter((reply) => reply.ok).length, 1, 'of fifty who use the link one is in')
  assert.equal((await bob.refusal('directory.me', {})).code, 'unauthenticated')

  await forgets(bob.address)
  const refused = await hub.somebody().refusal('auth.forgot', { address: bob.address })
  assert.deepEqual([refused.code, refused.retryAfterMs! > 0], ['rate_limited', true])
})
