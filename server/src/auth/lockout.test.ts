import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { house, password, type House, type Someone } from '../directory/testing/house.ts'

let hub: House
let ada: Someone
let nets = 0

beforeAll(async () => {
  hub = await house(inject('cluster'))
  ada = await hub.founded()
})
afterAll(() => hub.close())

/** Somebody whose account is locked out after so many wrong passwords. */
async function victim(name: string, values: { 'lockout.attempts'?: number; 'lockout.window'?: number; 'lockout.period'?: number } = {}) {
  const person = await hub.colleague(ada, name)
  await ada.call('accounts.values', { accountId: person.accountId, values: { 'lockout.attempts': 4, ...values } })
  return person
}
/** A browser in a network of its own. */
const elsewhere = () => hub.somebody({ source: `198.51.${Math.floor(++nets / 250)}.${nets % 250}` })
const guess = async (address: string, said: string, from = elsewhere()) =>
  (await from.refusal('auth.signIn', { address, password: said })).key
const lockedOutUntil = async (person: { accountId: Someone['accountId'] }) =>
  (await ada.call('accounts.get', { accountId: person.accountId })).lockedOutUntil

test('[AUTH-10] so many different wrong passwords lock an account out, for a while', async () => {
  const bob = await victim('Bob')
  for (const said of ['one', 'two', 'three', 'four']) assert.equal(await guess(bob.address, said), 'auth.wrongPassword')
  const refused = await elsewhere().refusal('auth.signIn', { address: bob.address, password })
  assert.deepEqual([refused.code, refused.key], ['rate_limited', 'factors.lockedOut'])
  assert.ok(refused.retryAfterMs! > 3_500_000 && refused.retryAfterMs! <= 3_600_000)
  const until = Date.parse((await lockedOutUntil(bob))!)
  assert.ok(Math.abs(until - hub.now().getTime() - 3_600_000) < 60_000)
  assert.equal((await bob.call('directory.me', {})).person.id, bob.accountId, 'who is in stays in')

  hub.later(3_601_000)
  assert.equal(await lockedOutUntil(bob), null)
  await elsewhere().signIn(bob.address)
})

test('[AUTH-10] the same wrong password again counts once', async () => {
  const bob = await victim('Stubborn Bob')
  for (let n = 0; n < 12; n++) assert.equal(await guess(bob.address, 'an old password'), 'auth.wrongPassword')
  assert.equal(await lockedOutUntil(bob), null)
  await elsewhere().signIn(bob.address)
})

test('[AUTH-10] one network waits, and cannot lock anybody out', async () => {
  const bob = await victim('Hunted Bob')
  const thief = elsewhere()
  const keys = new Set<string>()
  for (let n = 0; n < 12; n++) keys.add(await guess(bob.address, `guess ${n}`, thief))
  assert.deepEqual([...keys], ['auth.wrongPassword', 'auth.tooManyTries'])
  assert.equal(await lockedOutUntil(bob), null)
  await elsewhere().signIn(bob.address)
})

test('[AUTH-10] what is older than the window does not count', async () => {
  const bob = await victim('Slow Bob', { 'lockout.window': 60 })
  for (let n = 0; n < 8; n++) {
    assert.equal(await guess(bob.address, `try ${n}`), 'auth.wrongPassword')
    hub.later(25_000)
  }
  assert.equal(await lockedOutUntil(bob), null)
})

test('[AUTH-10] where the period is 0 an administrator lifts it; a right password or a new one begins anew', async () => {
  const bob = await victim('Kept Bob', { 'lockout.period': 0 })
  for (const said of ['one', 'two', 'three', 'four']) await guess(bob.address, said)
  hub.later(100 * 86_400_000)
  await ada.signIn('ada@saltmarsh.example')
  const refused = await elsewhere().refusal('auth.signIn', { address: bob.address, password })
  assert.deepEqual([refused.code, refused.key], ['forbidden', 'factors.lockedOutUntilLifted'])
  assert.equal(await lockedOutUntil(bob), '9999-12-31T23:59:59.000Z')
  const { accounts } = await ada.call('accounts.list', { search: 'Kept Bob', isLockedOut: true })
  assert.deepEqual(
    [accounts.map(({ id }) => id), (await ada.call('accounts.count', { search: 'Kept Bob', isLockedOut: false })).count],
    [[bob.accountId], 0],
  )
  assert.equal((await ada.call('accounts.lockout.lift', { accountId: bob.accountId })).lockedOutUntil, null)

  for (const said of ['one', 'two', 'three']) await guess(bob.address, said)
  await elsewhere().signIn(bob.address)
  for (const said of ['one', 'two', 'three']) assert.equal(await guess(bob.address, said), 'auth.wrongPassword')
  await guess(bob.address, 'four')
  const link = await ada.call('directory.person.invite', { accountId: bob.accountId })
  await elsewhere().call('auth.invitation.accept', { token: hub.tokenOf(link), password: 'eight quiet herons' })
  assert.equal(await lockedOutUntil(bob), null)
})

test('[AUTH-10] [AUTH-1] an address that nobody has is locked out like one that somebody has', async () => {
  const keysOf = async (address: string) => {
    const keys: string[] = []
    for (let n = 0; n < 12; n++) keys.push(await guess(address, `wrong ${n}`))
    return keys
  }
  const bob = await hub.colleague(ada, 'Usual Bob')
  assert.deepEqual(await keysOf('nobody-at-all@saltmarsh.example'), await keysOf(bob.address))
})

test('[AUTH-10] of fifty guesses at the same moment, from fifty networks, no more are looked at than may be', async () => {
  const bob = await victim('Besieged Bob', { 'lockout.attempts': 10 })
  const before = hub.work.verified
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      elsewhere().ask('auth.signIn', { address: bob.address, password: n === 49 ? password : `guess ${n}` }),
    ),
  )
  const compared = hub.work.verified - before
  assert.ok(compared <= 10, `${compared} were compared`)
  const isIn = replies.some((reply) => reply.ok)
  const keys = new Set(replies.flatMap((reply) => (reply.ok ? [] : [reply.error.key])))
  for (const key of keys) assert.ok(['auth.wrongPassword', 'auth.tooManyTries', 'factors.lockedOut'].includes(key), key)
  if (!isIn) assert.notEqual(await lockedOutUntil(bob), null)
  if (!isIn) assert.equal(await guess(bob.address, password), 'factors.lockedOut')
})
