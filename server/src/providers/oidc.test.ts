import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { freePort } from '@atrium/platform/testing/redis'
import type { DomainId, Draft, Hub, Provider } from '@atrium/protocol'
import { hub, type TestHub } from '../testing/hub.ts'
import { browser, type Browser } from './testing/browser.ts'
import { client, openIdProvider } from './testing/oidc.ts'

const people = {
  alice: { email: 'alice@example.org', email_verified: true, name: 'Alice of OpenID' },
  nora: { email: 'nora@example.org', email_verified: true, name: 'Nora New' },
  mallory: { email: 'bob@example.org', email_verified: false, name: 'Not Bob' },
  outsider: { email: 'eve@elsewhere.example', email_verified: true, name: 'Eve' },
}
let there: TestHub
let idp: Awaited<ReturnType<typeof openIdProvider>>
let domainId: DomainId
let provider: Provider

const settings = (more: object = {}): Draft<Hub, 'providers.set'>['settings'] => ({
  ...{ kind: 'oidc', label: 'OpenID', issuer: idp.issuer, clientId: client.id, clientSecret: client.secret, mapping: { address: '' } },
  ...more,
})
const set = (more: object = {}) =>
  there.administrator.call('providers.set', { domainId, providerId: provider?.id, isOn: true, settings: settings(more) })

beforeAll(async () => {
  const port = await freePort()
  there = await hub(inject('cluster'), { env: { ATRIUM_PORT: `${port}`, ATRIUM_ORIGIN: `http://localhost:${port}` } })
  idp = await openIdProvider(people)
  domainId = (await there.administrator.call('domains.list', {})).domains[0]!.id
  provider = await set()
  idp.serve(provider.addresses!)
})
afterAll(async () => {
  await idp?.close()
  await there?.close()
})

/** From our button through the provider's pages, and back to where that leads. */
async function walk(as: string, next = '/', seat: Browser = browser()) {
  const { ways } = await there.alice.call('auth.ways', { address: 'whoever@example.org' })
  const way = ways.find((one) => 'path' in one)!
  const login = await seat.go(`${there.origin}${way.path}?next=${encodeURIComponent(next)}`)
  const consent = await seat.fill(login, { prompt: 'login', login: as, password: 'whatever' })
  const back = await seat.fill(consent, { prompt: 'consent' })
  return { seat, back }
}
const me = async (seat: Browser) => {
  const cookie = `atrium=${seat.cookie(there.origin, 'atrium') ?? ''}`
  const reply = await fetch(`${there.origin}/api/directory.me`, { headers: { cookie } })
  return (await reply.json()) as { ok: boolean; data?: { person: { id: string; address: string; name: string } } }
}
const refusedBy = (url: URL) => url.searchParams.get('refused')

test('the button leads to the provider and back, into the account of that address, to the page one wanted', async () => {
  const { seat, back } = await walk('alice', '/r/some-room?at=1')
  assert.equal(back.url.pathname + back.url.search, '/r/some-room?at=1')
  assert.equal((await me(seat)).data?.person.id, there.alice.accountId)
  const [identity] = await there.administrator.call('accounts.identities', { accountId: there.alice.accountId })
  assert.deepEqual([identity?.label, identity?.subject], ['OpenID', 'alice'])
  assert.doesNotMatch(JSON.stringify(await there.administrator.call('providers.list', { domainId })), new RegExp(client.secret))
})

test('no other site is led to, however it is spelt', async () => {
  for (const next of ['https://evil.example', '//evil.example', '/\\evil.example', '/\t/evil.example', 'javascript:alert(1)']) {
    const { back } = await walk('alice', next)
    assert.equal(back.url.origin, new URL(there.origin).origin, next)
  }
})

test('whoever has no account gets one only where that is wanted, and within the domain’s limit', async () => {
  assert.equal(refusedBy((await walk('nora')).back.url), 'providers.noAccount')
  await set({ createsAccounts: true })
  const { seat } = await walk('nora')
  assert.equal((await me(seat)).data?.person.address, 'nora@example.org')
  await set()
  assert.equal((await me((await walk('nora')).seat)).data?.person.name, 'Nora New')
})

test('an address that the provider does not vouch for takes over nobody; another domain’s opens nothing', async () => {
  await set({ createsAccounts: true })
  assert.equal(refusedBy((await walk('mallory')).back.url), 'providers.unverified')
  assert.equal(refusedBy((await walk('outsider')).back.url), 'providers.otherDomain')
  await set()
})

test('an answer is taken once, from the browser that asked, and no other', async () => {
  const way = `${there.origin}/auth/oidc/${provider.id}`
  const begun = await fetch(`${way}/login`, { redirect: 'manual' })
  const state = new URL(begun.headers.get('location')!).searchParams.get('state')!
  const stranger = browser()
  assert.equal(refusedBy((await stranger.go(`${way}/callback?code=stolen&state=${state}`)).url), 'providers.tooLate')
  const headers = { cookie: begun.headers.getSetCookie()[0]!.split(';', 1)[0]! }
  const late = await fetch(`${way}/callback?code=mine&state=${state}`, { headers, redirect: 'manual' })
  assert.equal(late.headers.get('location'), '/sign-in?refused=providers.tooLate')
  const { back, seat: alice } = await walk('alice')
  assert.equal(back.status < 500, true)
  assert.equal(
    refusedBy((await alice.go(`${way}/callback?code=again&state=${createHash('sha256').update('x').digest('base64url')}`)).url),
    'providers.tooLate',
  )
  assert.equal(
    (await stranger.go(`${there.origin}/auth/oidc/${randomUUID()}/login`)).url.searchParams.get('refused'),
    'providers.noSuchProvider',
  )
})

test('signing out over there is signing out here; a forged word of it is not', async () => {
  const { seat } = await walk('alice')
  assert.equal((await me(seat)).ok, true)
  const forged = await fetch(`${there.origin}/auth/oidc/${provider.id}/logout`, {
    method: 'POST',
    body: new URLSearchParams({ logout_token: `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.` }),
  })
  assert.equal(forged.status, 400)
  assert.equal((await me(seat)).ok, true)

  const confirm = await seat.go(`${idp.issuer}/session/end`)
  await seat.fill(confirm, { logout: 'yes' })
  await until('the session has ended here', async () => !(await me(seat)).ok)
})

const signOut = async (seat: Browser) => {
  const cookie = `atrium=${seat.cookie(there.origin, 'atrium') ?? ''}`
  const response = await fetch(`${there.origin}/api/auth.signOut`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: there.origin, cookie },
    body: JSON.stringify({ clientId: randomUUID() }),
  })
  return ((await response.json()) as { data: { elsewhere?: string } }).data.elsewhere
}

test('signing out here is signing out over there: whoever comes next has to sign in there anew', async () => {
  const { seat } = await walk('alice')
  const other = await walk('alice', '/', seat.besides(there.origin))
  const elsewhere = new URL((await signOut(seat))!)
  assert.equal((await me(seat)).ok, false)
  assert.equal(elsewhere.origin + elsewhere.pathname, `${idp.issuer}/session/end`)
  assert.equal(elsewhere.searchParams.get('post_logout_redirect_uri'), provider.addresses!.left)
  assert.equal(elsewhere.searchParams.get('client_id'), client.id)
  const hint = elsewhere.searchParams.get('id_token_hint')!
  assert.equal((JSON.parse(Buffer.from(hint.split('.')[1]!, 'base64url').toString()) as { sub: string }).sub, 'alice')

  const back = await seat.fill(await seat.go(elsewhere.href), { logout: 'yes' })
  assert.equal(back.url.href, `${there.origin}/sign-in`)
  await until('what else began by that session over there has ended, too', async () => !(await me(other.seat)).ok)
  const { url, text } = await seat.go(`${there.origin}/auth/oidc/${provider.id}/login`)
  assert.equal(url.origin, idp.issuer)
  assert.match(text, /name="password"/, 'no session is left at the provider')
})

test('back from the provider is said once, with what we gave along; anything else is no promise', async () => {
  const { seat } = await walk('alice')
  const elsewhere = new URL((await signOut(seat))!)
  const state = elsewhere.searchParams.get('state')!
  const left = (said: string) => seat.go(`${provider.addresses!.left}?state=${encodeURIComponent(said)}`)
  assert.equal(refusedBy((await left('made-up')).url), 'providers.leftHereOnly')
  assert.equal((await left(state)).url.href, `${there.origin}/sign-in`)
  assert.equal(refusedBy((await left(state)).url), 'providers.leftHereOnly')
  // It is no number of a sign-in.
  const { seat: again } = await walk('alice')
  const unused = new URL((await signOut(again))!).searchParams.get('state')!
  const callback = await again.go(`${provider.addresses!.callback}?code=any&state=${unused}`)
  assert.equal(refusedBy(callback.url), 'providers.tooLate')
})

test('an administrator sees that the provider cannot be asked, until it can', async () => {
  const seen = async () => (await there.administrator.call('providers.list', { domainId })).flatMap(({ troubles }) => troubles)
  assert.deepEqual(await seen(), [])
  await set({ issuer: `http://127.0.0.1:${await freePort()}` })
  const { seat } = { seat: browser() }
  assert.equal(refusedBy((await seat.go(`${there.origin}/auth/oidc/${provider.id}/login`)).url), 'providers.away')
  assert.deepEqual(
    (await seen()).map(({ what }) => what),
    ['away'],
  )
  await set()
  assert.deepEqual(await seen(), [], 'something was changed')
  assert.ok((await me((await walk('alice')).seat)).ok)
})

test('whoever is locked is told so, and stays outside', async () => {
  await there.administrator.call('accounts.status', { accountId: there.alice.accountId, status: 'locked' })
  assert.equal(refusedBy((await walk('alice')).back.url), 'auth.accountLocked')
  await there.administrator.call('accounts.status', { accountId: there.alice.accountId, status: 'active' })
})
