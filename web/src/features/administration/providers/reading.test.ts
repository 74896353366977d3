import { expect, test } from 'vitest'
import { certificatesIn, certificatesOf, shownOf } from './certificates.ts'
import { describedBy } from './metadata.ts'

const pem = `-----BEGIN CERTIFICATE-----
MIIBtjCCAVugAwIBAgIUTJ69t0yssFDC1xipgwmGg2wn/QswCgYIKoZIzj0EAwIw
MDESMBAGA1UECgwJSGVyb24gTHRkMRowGAYDVQQDDBFpZHAuaGVyb24uZXhhbXBs
ZTAeFw0yNjExMjEyMDMwMjhaFw0zNjExMTgyMDMwMjhaMDAxEjAQBgNVBAoMCUhl
cm9uIEx0ZDEaMBgGA1UEAwwRaWRwLmhlcm9uLmV4YW1wbGUwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAARvxm7vjcQru90tP8SybQuxNBqGrA1s5colAkfBm0YwTsix
QjK9aLNfxFfGDSHgJWM89LPI0+sLFngt2/ASylpRo1MwUTAdBgNVHQ4EFgQUne6f
iPYz1kueuv+MDyPYyPSJ4mQwHwYDVR0jBBgwFoAUne6fiPYz1kueuv+MDyPYyPSJ
4mQwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEA31NaB0lIdgQn
cTabAhyp6BiWRLeAN1jhnPENakMT2WgCIQCy9Qx3tqH4jD2TKcuQxvCrDeQGeyGd
+A7Ak1mE3VBXeg==
-----END CERTIFICATE-----
`
const bare = pem.replaceAll(/-----[^-]+-----|\s/g, '')
const entity = (inside: string) =>
  `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.heron.example/entity">${inside}</md:EntityDescriptor>`
const key = (use: string, text = bare) =>
  `<md:KeyDescriptor${use}><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>\n${text}\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
const at = (name: string, way: string) =>
  `<md:${name} Binding="urn:oasis:names:tc:SAML:2.0:bindings:${way}" Location="https://idp.heron.example/${name}/${way}"/>`
const idp = (inside: string) => entity(`<md:IDPSSODescriptor>${inside}</md:IDPSSODescriptor>`)

test('of a certificate is read whose it is and when it is over, whatever way it came', async () => {
  for (const text of [pem, bare, `text before\n${pem}\nand after`]) {
    const [found] = certificatesIn(text)
    expect(shownOf(found!)).toEqual({ name: 'idp.heron.example', endsAt: new Date('2036-11-18T20:30:28Z') })
  }
  const bytes = Uint8Array.from(atob(bare), (sign) => sign.charCodeAt(0))
  expect(await certificatesOf(new Blob([bytes]))).toEqual(certificatesIn(pem))
  expect(certificatesIn(pem + pem)).toHaveLength(2)
  expect(certificatesIn('no certificate at all')).toEqual([])
  expect(shownOf('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')).toBeUndefined()
})

test('metadata says where to sign in by redirect, and with what answers are signed', () => {
  const described = describedBy(
    idp(
      key(' use="signing"') +
        key(' use="encryption"', `${bare.slice(0, -8)}AAAAAAA=`) +
        at('SingleLogoutService', 'HTTP-Redirect') +
        at('SingleSignOnService', 'HTTP-POST') +
        at('SingleSignOnService', 'HTTP-Redirect'),
    ),
  )
  expect(described).toEqual({
    issuer: 'https://idp.heron.example/entity',
    entryPoint: 'https://idp.heron.example/SingleSignOnService/HTTP-Redirect',
    logoutUrl: 'https://idp.heron.example/SingleLogoutService/HTTP-Redirect',
    certificates: certificatesIn(pem),
  })
})

test('what describes no identity provider that can be reached fills in nothing', () => {
  for (const xml of [
    'hello',
    entity(''),
    entity('<md:SPSSODescriptor/>'),
    idp(key('') + at('SingleSignOnService', 'HTTP-POST')),
    idp(at('SingleSignOnService', 'HTTP-Redirect')),
  ])
    expect(describedBy(xml), xml).toBeUndefined()
})
