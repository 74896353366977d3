import assert from 'node:assert/strict'
import { test } from 'vitest'
import { ProviderSettings } from './providers.ts'

const saml = {
  kind: 'saml',
  label: 'SAML',
  entryPoint: 'https://idp.example/sso',
  issuer: 'idp',
  certificates: [],
  mapping: { address: '' },
}
const oidc = { kind: 'oidc', label: 'OpenID', issuer: 'https://idp.example', clientId: 'hub', mapping: { address: '' } }

test('browsers are led to pages, never to a script', () => {
  const isFine = (settings: object) => ProviderSettings.safeParse(settings).success
  for (const page of ['https://idp.example/slo', 'http://localhost:8080/slo'])
    assert.ok(isFine({ ...saml, entryPoint: page, logoutUrl: page }) && isFine({ ...oidc, issuer: page }), page)
  for (const script of ['javascript:alert(1)', 'JavaScript://idp.example/%0aalert(1)', 'data:text/html,hello', 'file:///etc/hosts'])
    for (const settings of [
      { ...saml, entryPoint: script },
      { ...saml, logoutUrl: script },
      { ...oidc, issuer: script },
    ])
      assert.equal(isFine(settings), false, script)
})
