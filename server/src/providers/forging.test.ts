import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { freePort } from '@atrium/platform/testing/redis'
import type { DomainId, Provider } from '@atrium/protocol'
import { hub, type TestHub } from '../testing/hub.ts'
import { browser, type Browser } from './testing/browser.ts'
import { lyingProvider, type Lie } from './testing/lying-oidc.ts'
import { client } from './testing/oidc.ts'

let there: TestHub
let idp: Awaited<ReturnType<typeof lyingProvider>>
let domainId: DomainId
let provider: Provider

beforeAll(async () => {
  const port = await freePort()
  there = await hub(inject('cluster'), { env: { ATRIUM_PORT: `${port}`, ATRIUM_ORIGIN: `http://localhost:${port}` } })
  idp = await lyingProvider()
  domainId = (await there.administrator.call('domains.list', {})).domains[0]!.id
  const settings = { kind: 'oidc', label: 'OpenID', issuer: idp.issuer, clientId: client.id, clientSecret: client.secret } as const
  provider = await there.administrator.call('providers.set', { domainId, isOn: true, settings: { ...settings, mapping: { address: '' } } })
})
afterAll(async () => {
  await idp?.close()
  await there?.close()
})

/** From our button to the provider, which sends everybody straight back. */
async function arrive(lie: Lie, seat: Browser = browser({ from: '203.0.113.21' })): Promise<{ refused: string | null; isIn: boolean }> {
  idp.says(lie)
  const { url } = await seat.go(`${there.origin}/auth/oidc/${provider.id}/login`)
  return { refused: url.searchParams.get('refused'), isIn: await isIn(seat) }
}
async function isIn(seat: Browser): Promise<boolean> {
  const cookie = `atrium=${seat.cookie(there.origin, 'atrium') ?? ''}`
  return (await fetch(`${there.origin}/api/directory.me`, { headers: { cookie } })).ok
}
const troubles = async () =>
  (await there.administrator.call('providers.list', { domainId })).flatMap((one) => one.troubles.map(({ what }) => what))

test('a token that was forged, changed, unsigned, too old, for another or from another opens nothing, and administrators see why', async () => {
  assert.deepEqual(await arrive({}), { refused: null, isIn: true })
  const tries: [what: string, lie: Lie, seen: string | undefined][] = [
    ['signed with a key that is not the provider’s', { isForged: true }, 'signature'],
    ['not signed', { isBare: true }, 'signature'],
    ['for another client', { claims: { aud: 'somebody-else' } }, 'audience'],
    ['for another client, too', { claims: { aud: [client.id, 'somebody-else'] } }, 'audience'],
    ['from another provider', { claims: { iss: 'https://other.example' } }, 'signature'],
    ['expired', { issuedSecondsAgo: 3_600 }, 'clock'],
    ['of another sign-in', { claims: { nonce: 'of-another-sign-in' } }, undefined],
  ]
  for (const [what, lie, seen] of tries) {
    assert.deepEqual(await arrive(lie), { refused: 'providers.notAccepted', isIn: false }, what)
    assert.deepEqual(await troubles(), seen === undefined ? [] : [seen], what)
    assert.deepEqual(await arrive({}), { refused: null, isIn: true }, 'the truth gets in')
    assert.deepEqual(await troubles(), [], 'and all is well again')
  }
})

test('[PROV-12] what a stranger writes into the address of the way back is no trouble that administrators read of', async () => {
  const way = `${there.origin}/auth/oidc/${provider.id}`
  const headers = { 'x-forwarded-for': '203.0.113.23' }
  const begun = await fetch(`${way}/login`, { redirect: 'manual', headers })
  const state = new URL(begun.headers.get('location')!).searchParams.get('state')!
  const cookie = begun.headers.getSetCookie()[0]!.split(';', 1)[0]!
  const back = `${way}/callback?${new URLSearchParams({ code: 'any', state, iss: 'https://other.example' }).toString()}`
  const refused = await fetch(back, { redirect: 'manual', headers: { ...headers, cookie } })
  assert.equal(refused.headers.get('location'), '/sign-in?refused=providers.notAccepted')
  assert.deepEqual(await troubles(), [])
})

test('a word of signing out that was forged, said before, too old, for another, from another or of something else ends nothing', async () => {
  const seat = browser({ from: '203.0.113.22' })
  await arrive({}, seat)
  const say = async (logout_token: string) =>
    (await fetch(provider.addresses!.logout, { method: 'POST', body: new URLSearchParams({ logout_token }) })).status
  const tries: [what: string, token: string][] = [
    ['signed with a key that is not the provider’s', await idp.logoutToken({ isForged: true })],
    ['for another client', await idp.logoutToken({ claims: { aud: 'somebody-else' } })],
    ['from another provider', await idp.logoutToken({ claims: { iss: 'https://other.example' } })],
    ['an hour old', await idp.logoutToken({ issuedSecondsAgo: 3_600 })],
    ['an hour old, and good for a day', await idp.logoutToken({ issuedSecondsAgo: 3_600, claims: { exp: Date.now() / 1_000 + 86_400 } })],
    ['of another kind', await idp.logoutToken({ name: 'https://example.org/event/something-else' })],
    ['a token of a sign-in', await idp.logoutToken({ claims: { nonce: 'of a sign-in' } })],
    ['of nobody', await idp.logoutToken({ claims: { sub: undefined } })],
  ]
  for (const [what, token] of tries) assert.equal(await say(token), 400, what)
  assert.equal(await isIn(seat), true)

  const word = await idp.logoutToken()
  assert.equal(await say(word), 200)
  assert.equal(await isIn(seat), false)
  const again = browser({ from: '203.0.113.22' })
  await arrive({}, again)
  assert.equal(await say(word), 400, 'said twice')
  assert.equal(await isIn(again), true)
})
