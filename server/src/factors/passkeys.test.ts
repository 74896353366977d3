import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { house, password, type House, type Someone } from '../directory/testing/house.ts'
import { homeOf } from './passkeys.ts'
import { authenticator } from './testing/authenticator.ts'

let hub: House
let ada: Someone
const origin = 'https://hub.example'

beforeAll(async () => {
  hub = await house(inject('cluster'))
  ada = await hub.founded()
})
afterAll(() => hub.close())

async function withPasskey(name: string) {
  const person = await hub.colleague(ada, name)
  const device = authenticator(origin)
  const options = await person.call('factors.passkey.begin', {})
  const { scratchCodes } = await person.call('factors.passkey.finish', { name: 'My key', response: device.create(options) })
  return Object.assign(person, { device, scratchCodes })
}

test('a passkey is enrolled by the browser that was asked, once, for our pages only', async () => {
  const bob = await hub.colleague(ada, 'Bob')
  const device = authenticator(origin)
  const options = await bob.call('factors.passkey.begin', {})
  assert.deepEqual(options['rp'], { name: 'Saltmarsh Boatworks', id: 'hub.example' })
  const finish = (response: Record<string, unknown>, who: Someone = bob) => who.refusal('factors.passkey.finish', { name: 'Key', response })
  for (const response of [{}, { id: 7 }, { ...device.create(options), response: {} }, device.create(options, 'https://elsewhere.example')])
    assert.equal((await finish(response)).key, 'factors.passkeyRefused')
  assert.equal((await finish(device.create({ challenge: Buffer.from('made up').toString('base64url') }))).key, 'factors.passkeyRefused')
  assert.equal((await finish(device.create(options), await hub.colleague(ada, 'Eve'))).key, 'factors.passkeyRefused')

  const { scratchCodes } = await bob.call('factors.passkey.finish', { name: 'Key', response: device.create(options) })
  assert.equal(scratchCodes.length, 10)
  assert.equal((await finish(device.create(options))).key, 'factors.passkeyRefused')
  const [key] = (await bob.call('factors.list', {})).passkeys
  assert.equal(key!.name, 'Key')
  assert.equal((await bob.call('factors.passkey.rename', { factorId: key!.id, name: 'Blue key' })).passkeys[0]!.name, 'Blue key')
  assert.equal((await ada.refusal('factors.passkey.rename', { factorId: key!.id, name: 'Mine' })).code, 'not_found')
  for (const digits of ['https://10.0.0.7', 'https://[fd00::1]:8080', 'http://hub.example'])
    assert.throws(() => homeOf(digits), { failure: { code: 'conflict', key: 'factors.needsHostName' } })
})

test('[AUTH-11] a passkey is the second factor: one answer for one question', async () => {
  const bob = await withPasskey('Second Bob')
  const browser = hub.somebody()
  assert.deepEqual(await browser.call('auth.signIn', { address: bob.address, password }), {
    ...{ state: 'owes', owes: ['second_factor'], ways: ['passkey', 'scratch'], trustDays: 30 },
  })
  const options = await browser.call('auth.passkey.begin', {})
  const stranger = await withPasskey('Strange Bob')
  assert.equal((await browser.refusal('auth.passkey.finish', { response: stranger.device.answer(options) })).key, 'factors.passkeyUnknown')
  assert.equal(
    (await browser.refusal('auth.passkey.finish', { response: bob.device.answer(options, { from: 'https://hub.example.evil.example' }) }))
      .key,
    'factors.passkeyRefused',
  )
  const response = bob.device.answer(options, { isSeen: false })
  assert.deepEqual(await browser.call('auth.passkey.finish', { response }), { state: 'in', accountId: bob.accountId })

  const other = hub.somebody()
  await other.call('auth.signIn', { address: bob.address, password })
  assert.equal((await other.refusal('auth.passkey.finish', { response })).key, 'factors.passkeyRefused', 'an answer is good once')
  const again = await other.call('auth.passkey.begin', {})
  assert.equal(
    (await other.refusal('auth.passkey.finish', { response: bob.device.answer(again, { step: -1 }) })).key,
    'factors.passkeyRefused',
    'one that has counted less is a copy',
  )
})

test('[AUTH-11] a passkey alone lets in, if it saw a finger, a face or a PIN', async () => {
  const bob = await withPasskey('Lone Bob')
  const browser = hub.somebody()
  const ask = () => browser.call('auth.withPasskey.begin', {})
  const unseen = await browser.refusal('auth.withPasskey.finish', { response: bob.device.answer(await ask(), { isSeen: false }) })
  assert.equal(unseen.key, 'factors.passkeyRefused')
  const unknown = authenticator(origin)
  assert.equal((await browser.refusal('auth.withPasskey.finish', { response: unknown.answer(await ask()) })).key, 'factors.passkeyUnknown')
  const response = bob.device.answer(await ask())
  assert.deepEqual(await browser.call('auth.withPasskey.finish', { response }), { state: 'in', accountId: bob.accountId })
  assert.equal((await hub.somebody().refusal('auth.withPasskey.finish', { response })).key, 'factors.passkeyRefused')

  const late = await ask()
  hub.later(6 * 60_000)
  assert.equal((await browser.refusal('auth.withPasskey.finish', { response: bob.device.answer(late) })).key, 'factors.passkeyRefused')
  await ada.call('accounts.status', { accountId: bob.accountId, status: 'locked' })
  assert.equal(
    (await hub.somebody().refusal('auth.withPasskey.finish', { response: bob.device.answer(await ask()) })).key,
    'auth.accountLocked',
  )
})

test('the password again may be a passkey', async () => {
  const bob = await withPasskey('Confirming Bob')
  hub.later(11 * 60_000)
  assert.equal((await bob.refusal('factors.scratch.renew', {})).key, 'factors.confirmFirst')
  await bob.call('auth.confirm.passkey', { response: bob.device.answer(await bob.call('auth.confirm.begin', {})) })
  await bob.call('factors.scratch.renew', {})
})

test('[AUTH-6] who must enrol may enrol a passkey', async () => {
  const bob = await hub.colleague(ada, 'Obliged Bob')
  await ada.signIn('ada@saltmarsh.example')
  await ada.call('accounts.values', { accountId: bob.accountId, values: { 'secondFactor.isRequired': true } })
  assert.equal((await bob.call('auth.signIn', { address: bob.address, password })).state, 'owes')
  const device = authenticator(origin)
  const { signIn } = await bob.call('factors.passkey.finish', {
    name: 'First key',
    response: device.create(await bob.call('factors.passkey.begin', {})),
  })
  assert.deepEqual(signIn, { state: 'in', accountId: bob.accountId })
})
