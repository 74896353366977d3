import { randomUUID, webcrypto } from 'node:crypto'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import * as samlify from 'samlify'

/** What is looked at, and so what an attacker would change. */
export interface Said {
  /** The request that it answers; null: none. */
  to: string | null
  nameId?: string
  address?: string
  name?: string
  audience?: string
  recipient?: string
  issuedAt?: Date
  livesMs?: number
  id?: string
}

/** A real SAML provider: its key, its certificate, and answers as it would post them. */
export async function samlProvider(entityId = 'https://idp.example/metadata', goodForMs = 365 * 86_400_000) {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2_048 }
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
  const made = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=idp.example',
      keys: keys as CryptoKeyPair,
      notBefore: new Date(Date.now() - 400 * 86_400_000),
      notAfter: new Date(Date.now() + goodForMs),
      signingAlgorithm: algorithm,
    },
    webcrypto as Crypto,
  )
  const certificate = made.toString('pem')
  const privateKey = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
  samlify.setSchemaValidator({ validate: async () => 'skipped: the hub is what is tried' })
  const entryPoint = 'https://idp.example/sso'
  const idp = samlify.IdentityProvider({
    entityID: entityId,
    privateKey,
    signingCert: certificate,
    singleSignOnService: [{ Binding: samlify.Constants.namespace.binding.redirect, Location: entryPoint }],
    singleLogoutService: [{ Binding: samlify.Constants.namespace.binding.redirect, Location: 'https://idp.example/slo' }],
    wantLogoutRequestSigned: true,
    requestSignatureAlgorithm: samlify.Constants.algorithms.signature.RSA_SHA256,
    loginResponseTemplate: {
      context: samlify.SamlLib.defaultLoginResponseTemplate.context,
      attributes: [
        { name: 'mail', nameFormat: 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic', valueXsiType: 'xs:string', valueTag: 'mail' },
        { name: 'cn', nameFormat: 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic', valueXsiType: 'xs:string', valueTag: 'cn' },
      ],
    },
  } as never)

  return {
    entityId,
    entryPoint,
    certificate,
    idp,
    /** What a browser posts when this person signed out over there. */
    async logout(
      metadata: string,
      nameId: string,
      { isSigned, to, issuedAt }: { isSigned: boolean; to?: string; issuedAt?: Date },
    ): Promise<string> {
      const sp = samlify.ServiceProvider({ metadata, wantLogoutRequestSigned: isSigned })
      const filled = (template: string) => {
        const id = `_${randomUUID()}`
        const values = {
          ID: id,
          Destination: to ?? String(sp.entityMeta.getSingleLogoutService('post')),
          Issuer: entityId,
          IssueInstant: (issuedAt ?? new Date()).toISOString(),
          NameIDFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
          NameID: nameId,
          SessionIndex: undefined,
        }
        return { id, context: samlify.SamlLib.replaceTagsByValue(template, values as never) }
      }
      return idp.createLogoutRequest(sp, 'post', { logoutNameID: nameId } as never, { customTagReplacement: filled } as never).context
    },
    /** What we asked when somebody signed out here, if our signature holds by the certificate in our metadata. */
    async understood(metadata: string, address: URL): Promise<{ id: string; nameId: string }> {
      const sp = samlify.ServiceProvider({ metadata })
      const query = Object.fromEntries(address.searchParams)
      const raw = address.search.slice(1).split('&')
      const octetString = ['SAMLRequest', 'RelayState', 'SigAlg'].map((name) => raw.find((part) => part.startsWith(`${name}=`))!).join('&')
      const { extract } = await idp.parseLogoutRequest(sp, 'redirect', { query, octetString } as never)
      return { id: (extract.request as { id: string }).id, nameId: extract.nameID as string }
    },
    /** What is posted back then. */
    async signedOut(metadata: string, requestId: string, { isSigned }: { isSigned: boolean }): Promise<string> {
      const sp = samlify.ServiceProvider({ metadata, wantLogoutResponseSigned: isSigned })
      return idp.createLogoutResponse(sp, { extract: { request: { id: requestId } } } as never, 'post').context
    },
    /** An answer to the metadata's service provider, as posted. */
    async answer(metadata: string, acs: string, said: Said): Promise<string> {
      const sp = samlify.ServiceProvider({ metadata })
      const at = said.issuedAt ?? new Date()
      const until = new Date(at.getTime() + (said.livesMs ?? 300_000)).toISOString()
      const { context } = await idp.createLoginResponse(
        sp,
        { extract: { request: { id: said.to ?? '' } } },
        'post',
        { email: said.nameId ?? said.address } as never,
        ((template: string) => {
          const id = said.id ?? `_${randomUUID()}`
          const values = {
            ID: `_${randomUUID()}`,
            AssertionID: id,
            Destination: acs,
            Audience: said.audience ?? sp.entityMeta.getEntityID(),
            EntityID: sp.entityMeta.getEntityID(),
            SubjectRecipient: said.recipient ?? acs,
            Issuer: entityId,
            IssueInstant: at.toISOString(),
            AssertionConsumerServiceURL: acs,
            StatusCode: 'urn:oasis:names:tc:SAML:2.0:status:Success',
            ConditionsNotBefore: at.toISOString(),
            ConditionsNotOnOrAfter: until,
            SubjectConfirmationDataNotOnOrAfter: until,
            NameIDFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
            NameID: said.nameId ?? said.address ?? '',
            InResponseTo: said.to ?? '',
            AuthnStatement: `<saml:AuthnStatement AuthnInstant="${at.toISOString()}" SessionIndex="session-${said.nameId}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`,
            attrMail: said.address ?? '',
            attrCn: said.name ?? '',
          }
          const filled = said.to === null ? template.replaceAll(' InResponseTo="{InResponseTo}"', '') : template
          return { id, context: samlify.SamlLib.replaceTagsByValue(filled, values as never) }
        }) as never,
      )
      return context
    },
  }
}
