import { certificates, pairOf } from './certificates.ts'

const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2_048 }
const dayMs = 24 * 60 * 60 * 1_000
const days = 20 * 365

export interface SigningPair {
  /** PEM, PKCS #8. */
  privateKey: string
  /** PEM; self-signed, for whoever was given it knows our signatures by it and by nothing else. */
  certificate: string
}

/** A key to sign with by RSA and SHA-256, which is what everybody who takes signatures of ours can check. */
export async function signingPair(name: string, now: Date): Promise<SigningPair> {
  const x509 = await certificates()
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    notBefore: new Date(now.getTime() - dayMs),
    notAfter: new Date(now.getTime() + days * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true)],
  })
  const { cert, key } = await pairOf(made, keys.privateKey)
  return { privateKey: key, certificate: cert }
}
