import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { freePort } from '@atrium/platform/testing/redis'
import type { DomainId, Provider } from '@atrium/protocol'
import { hub, type TestHub } from '../testing/hub.ts'
import { browser } from './testing/browser.ts'
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
async function arrive(lie: Lie): Promise<{ refused: string | null; isIn: boolean }> {
  idp.says(lie)
  const seat = browser({ from: '203.0.113.21' })
  const { url } = await seat.go(`${there.origin}/auth/oidc/${provider.id}/login`)
  const cookie = `atrium=${seat.cookie(there.origin, 'atrium') ?? ''}`
  const me = await fetch(`${there.origin}/api/directory.me`, { headers: { cookie } })
  return { refused: url.searchParams.get('refused'), isIn: me.ok }
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
