import assert from 'node:assert/strict'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { freePort } from '@atrium/platform/testing/redis'
import { presets, type DomainId, type Draft, type Hub, type Provider } from '@atrium/protocol'
import { hub, type TestHub } from '../testing/hub.ts'
import { browser, type Browser } from './testing/browser.ts'
import { samlProvider, type Said } from './testing/saml.ts'

let there: TestHub
let idp: Awaited<ReturnType<typeof samlProvider>>
let domainId: DomainId
let provider: Provider
let metadata: string

const mapping = { address: 'mail', name: 'cn' }
const settings = (more: object = {}): Draft<Hub, 'providers.set'>['settings'] => ({
  ...{ kind: 'saml', label: 'SAML', entryPoint: idp.entryPoint, issuer: idp.entityId, certificates: [idp.certificate], mapping },
  ...more,
})
const set = (more: object = {}) =>
  there.administrator.call('providers.set', { domainId, providerId: provider?.id, isOn: true, settings: settings(more) })

beforeAll(async () => {
  const port = await freePort()
  there = await hub(inject('cluster'), { env: { ATRIUM_PORT: `${port}`, ATRIUM_ORIGIN: `http://localhost:${port}` } })
  idp = await samlProvider()
  domainId = (await there.administrator.call('domains.list', {})).domains[0]!.id
  provider = await set()
  metadata = await (await fetch(provider.addresses!.metadata!)).text()
})
afterAll(() => there?.close())

/** A browser that pressed the button: what we asked of the provider, and by which number. */
async function ask(next = '/', from = '127.0.0.1') {
  const seat = browser({ from })
  const begun = await fetch(`${there.origin}/auth/saml/${provider.id}/login?next=${encodeURIComponent(next)}`, {
    redirect: 'manual',
    headers: { 'x-forwarded-for': from },
  })
  const [name, value] = begun.headers.getSetCookie()[0]!.split(';', 1)[0]!.split('=') as [string, string]
  seat.keep(there.origin, name, value)
  const asked = new URL(begun.headers.get('location')!)
  const request = inflateRawSync(Buffer.from(asked.searchParams.get('SAMLRequest')!, 'base64')).toString()
  return { seat, relayState: asked.searchParams.get('RelayState')!, requestId: /ID="([^"]+)"/.exec(request)![1]!, asked }
}
const answer = (said: Said) => idp.answer(metadata, provider.addresses!.callback, said)
/** The provider's page posts it; what the browser shows then. */
async function post(seat: Browser, SAMLResponse: string, RelayState = '') {
  await seat.stand(idp.entryPoint)
  return (await seat.go(provider.addresses!.callback, { SAMLResponse, RelayState })).url
}
const refusedBy = (url: URL) => url.searchParams.get('refused')
const alice = { nameId: 'a-1', address: 'alice@example.org', name: 'Alice of SAML' }
const me = async (seat: Browser) => {
  const reply = await fetch(`${there.origin}/api/directory.me`, {
    headers: { cookie: `atrium=${seat.cookie(there.origin, 'atrium') ?? ''}` },
  })
  return (await reply.json()) as { ok: boolean; data?: { person: { id: string; address: string } } }
}
const changed = (response: string, change: (xml: string) => string) =>
  Buffer.from(change(Buffer.from(response, 'base64').toString())).toString('base64')

test('[PROV-11] it is prepared switched off, and tells of itself then; what lacks something is neither tested nor switched on', async () => {
  const { administrator } = there
  const empty = { ...settings(), label: 'In preparation', entryPoint: '', issuer: '', certificates: [] } as ReturnType<typeof settings>
  const prepared = await administrator.call('providers.set', { domainId, isOn: false, settings: empty })
  assert.match(await (await fetch(prepared.addresses!.metadata!)).text(), new RegExp(prepared.addresses!.callback))
  const login = await fetch(prepared.addresses!.callback.replace('/acs', '/login'), { redirect: 'manual' })
  assert.match(login.headers.get('location')!, /refused=providers.noSuchProvider/)

  const asked = { domainId, providerId: prepared.id, settings: empty }
  for (const reply of [
    await administrator.ask('providers.set', { ...asked, isOn: true }),
    await administrator.ask('providers.test', asked),
  ])
    assert.deepEqual(!reply.ok && [reply.error.key, reply.error.field], ['providers.incomplete', 'settings.entryPoint'])
  const whole = { ...asked, settings: settings({ label: 'In preparation' }) }
  assert.equal((await administrator.call('providers.set', { ...whole, isOn: true })).isOn, true)
  await administrator.call('providers.remove', { domainId, providerId: prepared.id })
  assert.deepEqual(await administrator.call('domains.ways.get', { domainId }), { allowsPassword: true, allowsPasskey: true })
})

test('the button leads to the provider and back into the account of that address, to the page one wanted', async () => {
  const { seat, relayState, requestId, asked } = await ask('/files')
  assert.equal(asked.origin, 'https://idp.example')
  const url = await post(seat, await answer({ ...alice, to: requestId }), relayState)
  assert.equal(url.pathname, '/files', url.href)
  assert.equal((await me(seat)).data?.person.id, there.alice.accountId)
  assert.match(metadata, /WantAssertionsSigned="true"/)
})

test('what was forged, changed, wrapped, unsigned, too old, for others, or shown before, opens nothing', async () => {
  const tries: [string, (said: { requestId: string }) => Promise<string>][] = [
    [
      'another provider’s key',
      async ({ requestId }) =>
        (await samlProvider(idp.entityId)).answer(metadata, provider.addresses!.callback, { ...alice, to: requestId }),
    ],
    [
      'changed after signing',
      async ({ requestId }) =>
        changed(await answer({ ...alice, to: requestId }), (xml) => xml.replace('alice@example.org', 'ada@example.org')),
    ],
    [
      'unsigned',
      async ({ requestId }) =>
        changed(await answer({ ...alice, to: requestId }), (xml) => xml.replace(/<ds:Signature[\s\S]*?<\/ds:Signature>/g, '')),
    ],
    [
      'wrapped: the signed one hidden beside a forged one',
      async ({ requestId }) => changed(await answer({ ...alice, to: requestId }), (xml) => wrapped(xml, 'before')),
    ],
    [
      'wrapped: the signed one hidden inside a forged one',
      async ({ requestId }) => changed(await answer({ ...alice, to: requestId }), (xml) => wrapped(xml, 'inside')),
    ],
    [
      'wrapped: the signed one put aside, a forged one in its place',
      async ({ requestId }) => changed(await answer({ ...alice, to: requestId }), (xml) => wrapped(xml, 'aside')),
    ],
    [
      'wrapped: a whole answer within a forged one',
      async ({ requestId }) => changed(await answer({ ...alice, to: requestId }), (xml) => wrapped(xml, 'around')),
    ],
    ['expired', ({ requestId }) => answer({ ...alice, to: requestId, issuedAt: new Date(Date.now() - 600_000), livesMs: 60_000 })],
    ['not yet', ({ requestId }) => answer({ ...alice, to: requestId, issuedAt: new Date(Date.now() + 600_000) })],
    ['for another service', ({ requestId }) => answer({ ...alice, to: requestId, audience: 'https://other.example' })],
    ['for another door', ({ requestId }) => answer({ ...alice, to: requestId, recipient: 'https://other.example/acs' })],
    ['to another request', () => answer({ ...alice, to: '_0123456789' })],
    ['to none', () => answer({ ...alice, to: null })],
    ['no XML', async () => 'bm90IHhtbA=='],
  ]
  for (const [what, forge] of tries) {
    const asking = await ask()
    const url = await post(asking.seat, await forge(asking), asking.relayState)
    assert.equal(refusedBy(url), 'providers.notAccepted', what)
    assert.equal((await me(asking.seat)).ok, false, what)
  }

  const first = await ask()
  const shown = await answer({ ...alice, to: first.requestId, id: '_shown-once' })
  assert.equal((await post(first.seat, shown, first.relayState)).pathname, '/')
  // The same visit is over; the same assertion in another visit is known, whatever it says it answers.
  assert.equal(refusedBy(await post(browser(), shown, first.relayState)), 'providers.onlyFromHere')
  const second = await ask()
  const again = await answer({ ...alice, to: second.requestId, id: '_shown-once' })
  assert.equal(refusedBy(await post(second.seat, again, second.relayState)), 'providers.notAccepted')
})

test('a name is read whole: a comment put into it after signing makes nobody of it', async () => {
  const { seat, relayState, requestId } = await ask('/', '203.0.113.5')
  const mallory = { nameId: `${alice.nameId}-mallory`, address: 'alice@example.org.mallory.example', name: 'Mallory' }
  const commented = changed(await answer({ ...mallory, to: requestId }), (xml) =>
    xml
      .replaceAll(mallory.nameId, `${alice.nameId}<!---->-mallory`)
      .replaceAll(mallory.address, 'alice@example.org<!---->.mallory.example'),
  )
  assert.match(Buffer.from(commented, 'base64').toString(), /<!---->/)
  const refused = refusedBy(await post(seat, commented, relayState))
  assert.ok(refused === 'providers.notAccepted' || refused === 'providers.otherDomain', String(refused))
  assert.equal((await me(seat)).ok, false)
})

test('an answer opens something only in the browser that asked', async () => {
  const { relayState, requestId } = await ask()
  const stranger = browser()
  assert.equal(refusedBy(await post(stranger, await answer({ ...alice, to: requestId }), relayState)), 'providers.tooLate')
  assert.equal((await me(stranger)).ok, false)
})

test('begun by the provider only where that is allowed', async () => {
  const seat = browser()
  assert.equal(refusedBy(await post(seat, await answer({ ...alice, to: null }))), 'providers.onlyFromHere')
  await set({ allowsIdpInitiated: true })
  const unasked = await answer({ ...alice, to: null })
  // What the provider relays is no address of ours to go to.
  assert.equal((await post(seat, unasked, 'https://evil.example')).href, `${there.origin}/`)
  assert.equal((await me(seat)).data?.person.id, there.alice.accountId)
  assert.equal(refusedBy(await post(browser(), unasked)), 'providers.notAccepted')
  assert.equal(refusedBy(await post(browser(), await answer({ ...alice, to: '_somebody-else-asked' }))), 'providers.notAccepted')
  await set()
})

test('accounts are made only where that is wanted, and none of another domain', async () => {
  const walk = async (said: Partial<Said>) => {
    const { seat, relayState, requestId } = await ask()
    return { seat, url: await post(seat, await answer({ ...said, to: requestId }), relayState) }
  }
  const nora = { nameId: 'n-1', address: 'nora@example.org', name: 'Nora New' }
  assert.equal(refusedBy((await walk(nora)).url), 'providers.noAccount')
  await set({ createsAccounts: true })
  assert.equal((await me((await walk(nora)).seat)).data?.person.address, 'nora@example.org')
  assert.equal(refusedBy((await walk({ nameId: 'e-1', address: 'eve@elsewhere.example' })).url), 'providers.otherDomain')
  // A second identity with an address that is another's here.
  assert.equal(refusedBy((await walk({ ...nora, nameId: 'n-2' })).url), 'providers.linkedOtherwise')
  await set()
})

test('signing out over there is signing out here, if it is signed', async () => {
  const { seat, relayState, requestId } = await ask('/', '203.0.113.9')
  await post(seat, await answer({ ...alice, to: requestId }), relayState)
  assert.equal((await me(seat)).ok, true)
  const { logout } = provider.addresses!
  const unsigned = await idp.logout(metadata, alice.nameId, { isSigned: false })
  assert.equal(refusedBy((await browser({ from: '203.0.113.6' }).go(logout, { SAMLRequest: unsigned })).url), 'providers.notAccepted')
  const deflated = deflateRawSync(Buffer.from(unsigned, 'base64')).toString('base64')
  assert.equal(
    refusedBy((await browser({ from: '203.0.113.6' }).go(`${logout}?SAMLRequest=${encodeURIComponent(deflated)}`)).url),
    'providers.notAccepted',
  )
  const signed = await idp.logout(metadata, alice.nameId, { isSigned: true })
  for (const [what, forged] of [
    ['signed by somebody else', await (await samlProvider(idp.entityId)).logout(metadata, alice.nameId, { isSigned: true })],
    [
      'changed after signing',
      changed(await idp.logout(metadata, 'somebody-else', { isSigned: true }), (xml) => xml.replace('somebody-else', alice.nameId)),
    ],
    ['the signature taken off', changed(signed, (xml) => xml.replace(/<ds:Signature[\s\S]*?<\/ds:Signature>/g, ''))],
    ['for another door', await idp.logout(metadata, alice.nameId, { isSigned: true, to: 'https://other.example/slo' })],
    ['an hour old', await idp.logout(metadata, alice.nameId, { isSigned: true, issuedAt: new Date(Date.now() - 3_600_000) })],
    [
      'an hour old, with a fresh one in a comment before it',
      changed(
        await idp.logout(metadata, alice.nameId, { isSigned: true, issuedAt: new Date(Date.now() - 3_600_000) }),
        (xml) => `<!--<samlp:LogoutRequest IssueInstant="${new Date().toISOString()}" Destination="${logout}">-->${xml}`,
      ),
    ],
  ] as const)
    assert.equal(refusedBy((await browser({ from: '203.0.113.6' }).go(logout, { SAMLRequest: forged })).url), 'providers.notAccepted', what)
  // Around what is signed anybody may write what they like: it is not looked through again and again.
  for (const size of [30_000, 250_000]) {
    const padded = changed(signed, (xml) => `${' '.repeat(size)}<!-- -->${xml}`)
    const began = performance.now()
    assert.equal(refusedBy((await browser({ from: '203.0.113.6' }).go(logout, { SAMLRequest: padded })).url), 'providers.notAccepted')
    assert.ok(performance.now() - began < 1_500, `${size} spaces before it kept the hub busy`)
  }
  assert.equal((await me(seat)).ok, true)
  await browser({ from: '203.0.113.6' }).go(logout, { SAMLRequest: signed })
  await until('the session has ended here', async () => !(await me(seat)).ok)

  const later = await ask('/', '203.0.113.8')
  await post(later.seat, await answer({ ...alice, to: later.requestId }), later.relayState)
  assert.equal(
    refusedBy((await browser({ from: '203.0.113.6' }).go(logout, { SAMLRequest: signed })).url),
    'providers.notAccepted',
    'said twice',
  )
  assert.equal((await me(later.seat)).ok, true)
})

test('signing out here leads to the provider, signed by us, to sign out there, where it has an address for that', async () => {
  const enter = async () => {
    const { seat, relayState, requestId } = await ask('/', '203.0.113.7')
    await post(seat, await answer({ ...alice, to: requestId }), relayState)
    return seat
  }
  const signOut = async (seat: Browser) => {
    const response = await fetch(`${there.origin}/api/auth.signOut`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        origin: there.origin,
        cookie: `atrium=${seat.cookie(there.origin, 'atrium') ?? ''}`,
      },
      body: JSON.stringify({ clientId: crypto.randomUUID() }),
    })
    return ((await response.json()) as { data: { elsewhere?: string } }).data.elsewhere
  }
  assert.equal(await signOut(await enter()), undefined)

  await set({ logoutUrl: 'https://idp.example/slo' })
  const seat = await enter()
  const elsewhere = new URL((await signOut(seat))!)
  assert.equal((await me(seat)).ok, false)
  assert.equal(elsewhere.origin + elsewhere.pathname, 'https://idp.example/slo')
  const request = inflateRawSync(Buffer.from(elsewhere.searchParams.get('SAMLRequest')!, 'base64')).toString()
  assert.match(request, /LogoutRequest[^>]*Destination="https:\/\/idp\.example\/slo"/)
  const asked = await idp.understood(metadata, elsewhere)
  assert.equal(asked.nameId, alice.nameId)
  const forged = new URL(elsewhere)
  forged.searchParams.set('RelayState', 'of somebody else')
  await assert.rejects(idp.understood(metadata, forged), 'a request of ours that was changed on its way')
  assert.match(provider.certificate!, /BEGIN CERTIFICATE/)
  assert.ok(metadata.includes(provider.certificate!.replaceAll(/-----[^-]+-----|\s/g, '').slice(0, 60)))

  // Back from there: it said so, signed, to this very request. Anything else is no promise, and the page says so.
  const { logout } = provider.addresses!
  const back = async (SAMLResponse: string, from = elsewhere) =>
    (await browser({ from: '203.0.113.8' }).go(logout, { SAMLResponse, RelayState: from.searchParams.get('RelayState')! })).url
  const done = await back(await idp.signedOut(metadata, asked.id, { isSigned: true }))
  assert.equal(done.pathname + done.search, '/sign-in')
  assert.equal(refusedBy(await back(await idp.signedOut(metadata, asked.id, { isSigned: true }))), 'providers.leftHereOnly', 'once')
  const again = async (answered: (id: string) => Promise<string>) => {
    const seat = await enter()
    const there = new URL((await signOut(seat))!)
    assert.equal((await me(seat)).ok, false)
    return refusedBy(await back(await answered((await idp.understood(metadata, there)).id), there))
  }
  assert.equal(await again((id) => idp.signedOut(metadata, id, { isSigned: false })), 'providers.leftHereOnly', 'unsigned')
  assert.equal(
    await again(async (id) => (await samlProvider(idp.entityId)).signedOut(metadata, id, { isSigned: true })),
    'providers.leftHereOnly',
  )
  assert.equal(await again(() => idp.signedOut(metadata, '_another-request', { isSigned: true })), 'providers.leftHereOnly')
  const refused = (xml: string) => xml.replace('status:Success', 'status:Responder')
  assert.equal(
    await again(async (id) => changed(await idp.signedOut(metadata, id, { isSigned: false }), refused)),
    'providers.leftHereOnly',
  )
  const byAddress = await browser({ from: '203.0.113.8' }).go(`${logout}?SAMLResponse=whatever-it-says`)
  assert.equal(refusedBy(byAddress.url), 'providers.leftHereOnly')
  await set()
})

test('an administrator sees what is wrong with a provider, until it is right again', async () => {
  const seen = async (domain = domainId) =>
    (await there.administrator.call('providers.list', { domainId: domain })).flatMap(({ troubles }) => troubles.map(({ what }) => what))
  const said = { address: 'alice@example.org', name: 'Alice of SAML', nameId: 'a-1' }
  const walk = async (forge: (said: Said) => Promise<string>, more: Partial<Said> = {}) => {
    const { seat, relayState, requestId } = await ask('/', '203.0.113.9')
    return refusedBy(await post(seat, await forge({ ...said, to: requestId, ...more }), relayState))
  }
  await set()
  assert.deepEqual(await seen(), [])
  const stranger = await samlProvider(idp.entityId)
  assert.equal(await walk((what) => stranger.answer(metadata, provider.addresses!.callback, what)), 'providers.notAccepted')
  assert.deepEqual(await seen(), ['signature'])
  await walk(answer, { issuedAt: new Date(Date.now() - 600_000), livesMs: 60_000 })
  assert.deepEqual(await seen(), ['clock'])
  await walk(answer, { audience: 'https://other.example' })
  assert.deepEqual(await seen(), ['audience'])
  // What is no trouble of the two sides with each other is none.
  await walk(answer, { to: '_0123456789' })
  assert.deepEqual(await seen(), ['audience'])
  assert.equal(await walk(answer), null)
  assert.deepEqual(await seen(), [], 'somebody got in')

  const [soon, over] = [await samlProvider(idp.entityId, 20 * 86_400_000), await samlProvider(idp.entityId, -86_400_000)]
  await set({ certificates: [over.certificate, soon.certificate] })
  assert.deepEqual(await seen(), ['certificateSoon'])
  await set({ certificates: [over.certificate] })
  assert.deepEqual(await seen(), ['certificateOver'])
  // While keys change there are two: one that is good for long is enough.
  await set({ certificates: [over.certificate, idp.certificate] })
  assert.deepEqual(await seen(), [])
  await set({ certificates: [soon.certificate] })

  // Whoever may not see how a domain signs in is told nothing of it.
  const { id } = await there.administrator.call('domains.create', { name: 'quay.example' })
  const { id: grantId } = await there.administrator.call('grants.give', {
    grantee: { kind: 'account', id: there.stranger.accountId },
    target: { kind: 'domain', id },
    rights: [...presets.domainAdministrator],
  })
  const asked = await there.stranger.ask('providers.list', { domainId })
  assert.deepEqual(!asked.ok && asked.error.code, 'not_found')
  await there.administrator.call('grants.revoke', { grantId })
  await set()
})

/** XSW: a forged assertion where it is read, the signed one where its signature is still found. */
function wrapped(xml: string, how: 'before' | 'inside' | 'aside' | 'around'): string {
  const signed = /<saml:Assertion[\s\S]*<\/saml:Assertion>/.exec(xml)![0]
  const bare = signed.replace(/<ds:Signature[\s\S]*?<\/ds:Signature>/, '')
  const evil = bare.replace(/ ID="[^"]+"/, ' ID="_evil"').replaceAll('alice@example.org', 'ada@example.org')
  const signature = /<ds:Signature[\s\S]*?<\/ds:Signature>/.exec(signed)![0]
  if (how === 'before') return xml.replace(signed, evil + signed)
  if (how === 'aside')
    return xml.replace(signed, evil).replace('</samlp:Response>', `<samlp:Extensions>${signed}</samlp:Extensions></samlp:Response>`)
  if (how === 'around')
    return xml
      .replace(signed, evil)
      .replace(/<samlp:Response[^>]*>/, (outer) => `${outer}<samlp:Extensions>${xml.replace(/^<\?xml[^>]*\?>/, '')}</samlp:Extensions>`)
  const carrying = signature.replace('</ds:Signature>', `<ds:Object>${bare}</ds:Object></ds:Signature>`)
  return xml.replace(signed, evil.replace('<saml:Subject>', `${carrying}<saml:Subject>`))
}

test('[PROV-7] whoever administers one domain becomes nobody by a provider of their own who administers another', async () => {
  const { administrator, bob, carol } = there
  const pier = await administrator.call('domains.create', { name: 'pier.example' })
  const rights = [...presets.domainAdministrator]
  for (const [id, target] of [
    [bob.accountId, pier.id],
    [carol.accountId, domainId],
  ] as const)
    await administrator.call('grants.give', { grantee: { kind: 'account', id }, target: { kind: 'domain', id: target }, rights })
  await carol.call('auth.confirm', { password: carol.password })
  const mine = await samlProvider('https://mine.example/metadata')
  const own = { label: 'Mine', entryPoint: mine.entryPoint, issuer: mine.entityId, certificates: [mine.certificate] }
  provider = await carol.call('providers.set', { domainId, isOn: true, settings: settings(own) })
  metadata = await (await fetch(provider.addresses!.metadata!)).text()
  const arrives = async (address: string) => {
    const { seat, relayState, requestId } = await ask('/', '198.51.100.31')
    const said = { to: requestId, nameId: address, address, name: 'Whoever' }
    return post(seat, await mine.answer(metadata, provider.addresses!.callback, said), relayState)
  }
  assert.equal(refusedBy(await arrives(bob.address)), 'providers.otherDomain')
  assert.equal(refusedBy(await arrives(there.stranger.address)), null)
  assert.equal(refusedBy(await arrives(carol.address)), null)
})
