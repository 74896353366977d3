import assert from 'node:assert/strict'
import { sql } from 'kysely'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { house, password, type House, type Someone } from '../directory/testing/house.ts'
import { fromBase32, hotp } from './totp.ts'
import { stepAt } from './rules.ts'

let hub: House
let ada: Someone
const day = 86_400_000

beforeAll(async () => {
  hub = await house(inject('cluster'))
  ada = await hub.founded()
})
afterAll(() => hub.close())

/**
 * The code of now, or of a half minute beside it. Enrolling took that of now; the next is taken early, and a half minute that ends in
 * between changes nothing.
 */
const codeOf = (secret: string, away = 1) => hotp(fromBase32(secret), stepAt(new Date()) + away)

/** Somebody with an authenticator. */
async function enrolled(name: string) {
  const person = await hub.colleague(ada, name)
  const { secret, uri } = await person.call('factors.totp.begin', {})
  assert.ok(uri.includes(`secret=${secret}`))
  const { scratchCodes, signIn } = await person.call('factors.totp.finish', { code: codeOf(secret, 0) })
  assert.deepEqual(signIn, { state: 'in', accountId: person.accountId })
  return Object.assign(person, { totp: secret, scratchCodes })
}
const owing = { state: 'owes', owes: ['second_factor'], ways: ['totp', 'scratch'], trustDays: 30 } as const
const signIn = (browser: Someone, address: string) => browser.call('auth.signIn', { address, password })

test('[AUTH-11] who has an authenticator shows its code before anything opens; each step has a secret of its own', async () => {
  const bob = await enrolled('Bob')
  const browser = hub.somebody()
  assert.deepEqual(await signIn(browser, bob.address), owing)
  assert.equal(await browser.actor(), undefined)
  assert.deepEqual(await browser.call('auth.state', {}), owing)
  for (const [name, said] of [
    ['directory.me', {}],
    ['tokens.list', {}],
    ['auth.sessions', {}],
  ] as const)
    assert.equal((await browser.refusal(name, said)).key, 'factors.unfinished')
  for (const name of ['factors.list', 'factors.totp.begin', 'factors.passkey.begin'] as const)
    assert.equal((await browser.refusal(name, {})).key, 'factors.notNow', 'who only knows the password enrols nothing')
  assert.equal((await browser.refusal('auth.newPassword', { password: 'another good one' })).key, 'factors.notNow')

  assert.equal((await browser.refusal('auth.totp', { code: '000000' })).key, 'factors.wrongCode')
  const before = browser.secret!
  assert.deepEqual(await browser.call('auth.totp', { code: codeOf(bob.totp) }), { state: 'in', accountId: bob.accountId })
  assert.notEqual(browser.secret, before)
  assert.equal(await hub.hub.sessions.unfinishedOf(before), undefined)
  assert.deepEqual(await browser.call('auth.state', {}), { state: 'in', accountId: bob.accountId })
  assert.equal((await browser.call('auth.sessions', {})).length, 2, 'what was not finished is no session')
})

test('[FACT-2] of fifty who show the same code at the same moment one is in', async () => {
  const bob = await enrolled('Popular Bob')
  // In networks of their own: what is tried here is not how often one may try.
  const browsers = Array.from({ length: 50 }, (_, n) => hub.somebody({ source: `10.77.0.${n}` }))
  for (const browser of browsers) await signIn(browser, bob.address)
  const code = codeOf(bob.totp)
  const replies = await Promise.all(browsers.map((browser) => browser.ask('auth.totp', { code })))
  assert.equal(replies.filter((reply) => reply.ok).length, 1)
  const keys = new Set(replies.flatMap((reply) => (reply.ok ? [] : [reply.error.key])))
  for (const key of keys) assert.ok(['factors.codeUsed', 'auth.tooManyTries'].includes(key), key)
  const late = hub.somebody({ source: '10.78.0.1' })
  await signIn(late, bob.address)
  const refused = await late.ask('auth.totp', { code: codeOf(bob.totp, 0) })
  assert.ok(!refused.ok, 'an earlier code than the last one is no code any more')
})

test('[FACT-2] of fifty who show the same scratch code one is in; each works once', async () => {
  const bob = await enrolled('Scratching Bob')
  assert.equal(new Set(bob.scratchCodes).size, 10)
  const browsers = Array.from({ length: 50 }, (_, n) => hub.somebody({ source: `10.79.0.${n}` }))
  for (const browser of browsers) await signIn(browser, bob.address)
  const code = bob.scratchCodes[0]!
  const replies = await Promise.all(browsers.map((browser) => browser.ask('auth.scratch', { code })))
  assert.equal(replies.filter((reply) => reply.ok).length, 1)
  assert.equal((await bob.call('factors.list', {})).scratchCodesLeft, 9)
  const { rows } = await sql<{ kept: boolean }>`select bool_or(t::text like ${`%${code}%`}) as kept from scratch_code as t`.execute(hub.db)
  assert.equal(rows[0]?.kept, false)
  const { scratchCodes } = await bob.call('factors.scratch.renew', {})
  assert.equal((await bob.call('factors.list', {})).scratchCodesLeft, 10)
  assert.ok(!scratchCodes.includes(bob.scratchCodes[1]!))
})

test('whoever guesses at codes waits', async () => {
  const bob = await enrolled('Guessed Bob')
  const thief = hub.somebody({ source: '10.80.0.1' })
  await signIn(thief, bob.address)
  const keys: string[] = []
  for (let n = 0; n < 12; n++) keys.push((await thief.refusal('auth.totp', { code: `00000${n % 10}` })).key)
  assert.deepEqual([...new Set(keys)], ['factors.wrongCode', 'auth.tooManyTries'])
})

test('a browser that is trusted is not asked again, for a while, until it is forgotten or the password is wiped', async () => {
  const bob = await enrolled('Trusting Bob')
  const browser = hub.somebody()
  await signIn(browser, bob.address)
  await browser.call('auth.totp', { code: codeOf(bob.totp), trustsDevice: true })
  assert.ok(browser.device)
  assert.equal((await signIn(browser, bob.address)).state, 'in')
  const guessed = Object.assign(hub.somebody(), { device: `${browser.device!.startsWith('A') ? 'B' : 'A'}${browser.device!.slice(1)}` })
  assert.equal((await signIn(guessed, bob.address)).state, 'owes')
  const other = await enrolled('Other Bob')
  assert.equal((await signIn(Object.assign(hub.somebody(), { device: browser.device }), other.address)).state, 'owes')

  const [device] = (await browser.call('factors.list', {})).devices
  assert.equal(device?.device, 'Firefox on Linux')
  assert.equal((await other.refusal('factors.device.forget', { deviceId: device!.id })).code, 'not_found')
  assert.deepEqual((await browser.call('factors.device.forget', { deviceId: device!.id })).devices, [])
  assert.equal((await signIn(browser, bob.address)).state, 'owes')

  await browser.call('auth.scratch', { code: bob.scratchCodes[0]! })
  await ada.call('accounts.values', { accountId: bob.accountId, values: { 'secondFactor.trustDevices': 0 } })
  const careful = hub.somebody()
  assert.deepEqual(await signIn(careful, bob.address), { ...owing, trustDays: 0 })
  await sql`update factor set last_step = 0 where account_id = ${bob.accountId}`.execute(hub.db)
  await careful.call('auth.totp', { code: codeOf(bob.totp), trustsDevice: true })
  assert.equal(careful.device, undefined)
})

test('[AUTH-11] where a second factor is required, who has none enrols, once the days of grace are over', async () => {
  const bob = await hub.colleague(ada, 'Gracious Bob')
  await ada.call('accounts.values', { accountId: bob.accountId, values: { 'secondFactor.isRequired': true, 'secondFactor.grace': 2 } })
  assert.equal((await signIn(bob, bob.address)).state, 'in')
  const { isRequired, graceEndsAt } = await bob.call('factors.list', {})
  assert.ok(isRequired && Math.abs(Date.parse(graceEndsAt!) - hub.now().getTime() - 2 * day) < 60_000)
  // Pages say until when.
  assert.deepEqual(await bob.call('auth.state', {}), { state: 'in', accountId: bob.accountId, enrolBy: graceEndsAt })
  assert.equal((await bob.call('directory.me', {})).enrolBy, graceEndsAt)
  hub.later(2 * day + 1_000)
  assert.deepEqual(await signIn(bob, bob.address), { state: 'owes', owes: ['enrolment'], ways: [], trustDays: 30 })
  assert.equal((await bob.refusal('directory.me', {})).key, 'factors.unfinished')
  assert.equal((await bob.call('factors.list', {})).isRequired, true)
  const { secret } = await bob.call('factors.totp.begin', {})
  assert.equal((await bob.refusal('factors.totp.finish', { code: '000000' })).key, 'factors.wrongCode')
  const { signIn: state, scratchCodes } = await bob.call('factors.totp.finish', { code: codeOf(secret, 0) })
  assert.deepEqual([state, scratchCodes.length], [{ state: 'in', accountId: bob.accountId }, 10])
  assert.deepEqual(await bob.call('auth.state', {}), { state: 'in', accountId: bob.accountId })
  assert.equal((await bob.call('directory.me', {})).enrolBy, undefined)
  const { totp } = await bob.call('factors.list', {})
  const refused = await bob.refusal('factors.remove', { factorId: totp!.id })
  assert.equal(refused.key, 'factors.lastRequired')
})

test('an administrator sees, removes and resets what somebody signs in with; no secret is shown', async () => {
  await ada.signIn('ada@saltmarsh.example')
  const bob = await enrolled('Helpless Bob')
  const seen = await ada.call('accounts.factors', { accountId: bob.accountId })
  assert.ok(seen.totp && seen.scratchCodesLeft === 10)
  assert.ok(!JSON.stringify(seen).includes(bob.totp))
  const { rows } = await sql<{
    kept: boolean
  }>`select bool_or(encode(sealed_secret, 'escape') like ${`%${bob.totp}%`}) as kept from factor`.execute(hub.db)
  assert.equal(rows[0]?.kept, false)
  await ada.call('accounts.factors.remove', { accountId: bob.accountId, factorId: seen.totp.id })
  assert.equal((await signIn(hub.somebody(), bob.address)).state, 'in')

  const rose = await enrolled('Rose')
  const after = await ada.call('accounts.factors.reset', { accountId: rose.accountId })
  assert.deepEqual([after.totp, after.scratchCodesLeft, after.devices], [null, 0, []])
  assert.equal((await signIn(hub.somebody(), rose.address)).state, 'in')
})

test('a link to enrol is for its person, once', async () => {
  const [bob, eve] = [await hub.colleague(ada, 'Enrolling Bob'), await hub.colleague(ada, 'Eve')]
  const link = await ada.call('accounts.enrolment', { accountId: bob.accountId, what: 'totp' })
  const token = hub.tokenOf(link)
  assert.equal((await hub.somebody().refusal('auth.enrolment.open', { token })).code, 'unauthenticated')
  assert.equal((await eve.refusal('auth.enrolment.open', { token })).key, 'factors.someoneElse')
  const opened = await bob.call('auth.enrolment.open', { token })
  assert.ok(opened.what === 'totp')
  await bob.call('factors.totp.finish', { code: codeOf(opened.secret, 0) })
  assert.equal((await bob.refusal('auth.enrolment.open', { token })).key, 'auth.linkUsed')

  const another = await ada.call('accounts.enrolment', { accountId: bob.accountId, what: 'application' })
  const made = await bob.call('auth.enrolment.open', { token: hub.tokenOf(another) })
  assert.ok(made.what === 'application' && made.secret.startsWith('atr_'))
})

test('what changes how one signs in asks for the password again, after ten minutes', async () => {
  const bob = await hub.colleague(ada, 'Confirming Bob')
  hub.later(11 * 60_000)
  assert.equal((await bob.refusal('factors.totp.begin', {})).key, 'factors.confirmFirst')
  assert.equal((await bob.refusal('auth.confirm', { password: 'not this one' })).key, 'auth.wrongPassword')
  await bob.call('auth.confirm', { password })
  const { secret } = await bob.call('factors.totp.begin', {})

  // The audit log has what counts, not what was begun or had to be confirmed first, and nothing of the secret.
  await bob.call('factors.totp.finish', { code: codeOf(secret, 0) })
  await ada.signIn('ada@saltmarsh.example')
  const { entries } = await ada.call('audit.list', { actorId: bob.accountId })
  assert.deepEqual(
    entries.map(({ operation, outcome, target, before, after }) => [operation, outcome, target?.id, before, after]),
    [['factors.totp.finish', 'done', bob.accountId, null, null]],
  )
})

test('[FACT-1] a process whose clock is an hour off takes the codes of now, and no others: the database’s clock counts', async () => {
  const bob = await enrolled('Timeless Bob')
  hub.later(3_600_000)
  const browser = hub.somebody()
  await signIn(browser, bob.address)
  const ofItsClock = hotp(fromBase32(bob.totp), stepAt(hub.now()))
  assert.equal((await browser.refusal('auth.totp', { code: ofItsClock })).key, 'factors.wrongCode')
  assert.equal((await browser.call('auth.totp', { code: codeOf(bob.totp) })).state, 'in')
})
