import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { presets } from '@atrium/protocol'
import { browser } from './testing/browser.ts'
import { alice, changed, refusedBy, samlHub, type SamlHub } from './testing/saml-hub.ts'
import { samlProvider, type Said } from './testing/saml.ts'

let world: SamlHub
beforeAll(async () => {
  world = await samlHub(inject('cluster'))
})
afterAll(() => world?.close())

const seen = async () =>
  (await world.there.administrator.call('providers.list', { domainId: world.domainId })).flatMap(({ troubles }) =>
    troubles.map(({ what }) => what),
  )

test('what was forged, changed, wrapped, unsigned, too old, for others, or shown before, opens nothing', async () => {
  const { idp, ask, answer, post, me } = world
  const tries: [string, (said: { requestId: string }) => Promise<string>][] = [
    ['another provider’s key', async ({ requestId }) => answer({ ...alice, to: requestId }, await samlProvider(idp.entityId))],
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
  for (const [i, [what, forge]] of tries.entries()) {
    const asking = await ask('/', `203.0.113.${100 + i}`)
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
  const { ask, answer, post, me } = world
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

test('an administrator sees what is wrong with a provider, until it is right again', async () => {
  const { there, idp, domainId, set, ask, answer, post } = world
  const walk = async (forge: (said: Said) => Promise<string>, more: Partial<Said> = {}) => {
    const { seat, relayState, requestId } = await ask('/', '203.0.113.9')
    return refusedBy(await post(seat, await forge({ ...alice, to: requestId, ...more }), relayState))
  }
  await set()
  assert.deepEqual(await seen(), [])
  const stranger = await samlProvider(idp.entityId)
  assert.equal(await walk((what) => answer(what, stranger)), 'providers.notAccepted')
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

test('[PROV-12] what a stranger posts is no trouble that administrators read of', async () => {
  const { idp, set, ask, answer, post } = world
  const forger = await samlProvider(idp.entityId)
  const from = '203.0.113.10'
  const stranger = () => browser({ from })
  await set({ allowsIdpInitiated: true })
  assert.equal(refusedBy(await post(stranger(), await answer({ ...alice, to: null }, forger))), 'providers.notAccepted')
  assert.deepEqual(await seen(), [], 'to nothing')

  const theirs = await ask('/', from)
  const elsewhere = await post(stranger(), await answer({ ...alice, to: theirs.requestId }, forger), theirs.relayState)
  assert.equal(refusedBy(elsewhere), 'providers.tooLate')
  assert.deepEqual(await seen(), [], 'in another browser than the one that asked')

  const own = await ask('/', from)
  const status = [
    `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_status" Version="2.0" InResponseTo="${own.requestId}">`,
    '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Requester"/>',
    '<samlp:StatusMessage>Invalid signature: the audience has expired, says the issuer</samlp:StatusMessage></samlp:Status></samlp:Response>',
  ].join('')
  assert.equal(refusedBy(await post(own.seat, Buffer.from(status).toString('base64'), own.relayState)), 'providers.notAccepted')
  assert.deepEqual(await seen(), [], 'in words of their own')

  // What the provider signed it said itself, whoever brings it.
  const old = await answer({ ...alice, to: null, issuedAt: new Date(Date.now() - 600_000), livesMs: 60_000 })
  assert.equal(refusedBy(await post(stranger(), old)), 'providers.notAccepted')
  assert.deepEqual(await seen(), ['clock'])
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
