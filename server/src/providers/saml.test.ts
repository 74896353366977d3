import assert from 'node:assert/strict'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { presets } from '@atrium/protocol'
import { browser, type Browser } from './testing/browser.ts'
import { alice, changed, refusedBy, samlHub, type SamlHub } from './testing/saml-hub.ts'
import { samlProvider, type Said } from './testing/saml.ts'

let world: SamlHub
beforeAll(async () => {
  world = await samlHub(inject('cluster'))
})
afterAll(() => world?.close())

test('[PROV-11] it is prepared switched off, and tells of itself then; what lacks something is neither tested nor switched on', async () => {
  const { there, domainId, settings } = world
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
  const { there, metadata, ask, answer, post, me } = world
  const { seat, relayState, requestId, asked } = await ask('/files')
  assert.equal(asked.origin, 'https://idp.example')
  const url = await post(seat, await answer({ ...alice, to: requestId }), relayState)
  assert.equal(url.pathname, '/files', url.href)
  assert.equal((await me(seat)).data?.person.id, there.alice.accountId)
  assert.match(metadata, /WantAssertionsSigned="true"/)
})

test('an answer opens something only in the browser that asked', async () => {
  const { ask, answer, post, me } = world
  const { relayState, requestId } = await ask()
  const stranger = browser()
  assert.equal(refusedBy(await post(stranger, await answer({ ...alice, to: requestId }), relayState)), 'providers.tooLate')
  assert.equal((await me(stranger)).ok, false)
})

test('begun by the provider only where that is allowed', async () => {
  const { there, set, answer, post, me } = world
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
  const { set, ask, answer, post, me } = world
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
  const { idp, provider, metadata, ask, answer, post, me } = world
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
  const { there, idp, provider, metadata, set, ask, answer, post, me } = world
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

test('[PROV-7] whoever administers one domain becomes nobody by a provider of their own who administers another', async () => {
  const { there, domainId, settings, turnTo, ask, answer, post } = world
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
  await turnTo(await carol.call('providers.set', { domainId, isOn: true, settings: settings(own) }))
  const arrives = async (address: string) => {
    const { seat, relayState, requestId } = await ask('/', '198.51.100.31')
    const said = { to: requestId, nameId: address, address, name: 'Whoever' }
    return post(seat, await answer(said, mine), relayState)
  }
  assert.equal(refusedBy(await arrives(bob.address)), 'providers.otherDomain')
  assert.equal(refusedBy(await arrives(there.stranger.address)), null)
  assert.equal(refusedBy(await arrives(carol.address)), null)
})
