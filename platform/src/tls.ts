import { X509Certificate } from 'node:crypto'
import { unwatchFile, watchFile } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { hostname, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import ipaddr from 'ipaddr.js'
import { certificates, pairOf } from './certificates.ts'
import type { Config } from './config.ts'
import type { Log } from './log.ts'

/** What HTTPS is served with, now and when it is replaced. */
export interface Certificate {
  current(): SecureContextOptions
  onChange(listener: (context: SecureContextOptions) => void): void
  /** For a certificate that browsers do not know: how to make them trust it. */
  advice: string | null
  close(): void
}

export interface CertificateOptions {
  config: Pick<Config, 'tls' | 'dataDir' | 'host' | 'origin'>
  log: Log
  now: () => Date
  /** How often files are looked at; a parameter for tests. */
  lookEveryMs?: number
}

const dayMs = 86_400_000
const authorityDays = 3_650
/** What Apple's systems accept at most. */
const serverDays = 397
const renewBeforeDays = 30

/** The certificate that the settings ask for; none when the hub serves plain HTTP. */
export async function certificateFor(options: CertificateOptions): Promise<Certificate | undefined> {
  const { tls } = options.config
  switch (tls.kind) {
    case 'none':
      return undefined
    case 'given':
      return givenCertificate(tls.certFile, tls.keyFile, options)
    case 'local':
      return localCertificate(options)
    default:
      return tls satisfies never
  }
}

async function givenCertificate(
  certFile: string,
  keyFile: string,
  { log, lookEveryMs = 10_000 }: CertificateOptions,
): Promise<Certificate> {
  const read = async () => checked({ cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') })
  let context = await read().catch((error: Error) => {
    throw new Error(`TLS_CERT (${certFile}) and TLS_KEY (${keyFile}) cannot be used: ${error.message}`, { cause: error })
  })
  const listeners: ((context: SecureContextOptions) => void)[] = []

  // By looking rather than by the kernel's notices: those are about a file that renewals replace, or a link's old target.
  const look = () => {
    read().then(
      (next) => {
        if (next.cert === context.cert && next.key === context.key) return
        context = next
        for (const listener of listeners) listener(context)
        log.info({ operation: 'tls.reload' }, 'The certificate was replaced.')
      },
      // Half of a pair that is being replaced: the other half's change brings us here again.
      (error) => log.warn({ operation: 'tls.reload', error }, 'The new certificate cannot be used yet; the old one still is.'),
    )
  }
  for (const file of [certFile, keyFile]) watchFile(file, { interval: lookEveryMs, persistent: false }, look)
  return {
    current: () => context,
    onChange: (listener) => void listeners.push(listener),
    advice: null,
    close: () => [certFile, keyFile].forEach((file) => unwatchFile(file, look)),
  }
}

/** A certificate for this machine's names and addresses from an authority of our own, both kept in the data folder. */
async function localCertificate({ config, now, log }: CertificateOptions): Promise<Certificate> {
  const dir = join(config.dataDir, 'tls')
  await mkdir(dir, { recursive: true, mode: 0o700 })
  let context = await localPair(dir, namesOf(config), now())
  const listeners: ((context: SecureContextOptions) => void)[] = []

  const renew = async () => {
    const next = await localPair(dir, namesOf(config), now())
    if (next.cert === context.cert) return
    context = next
    for (const listener of listeners) listener(context)
  }
  const daily = setInterval(() => renew().catch((error: unknown) => log.error({ operation: 'tls.renew', error })), dayMs)
  daily.unref()
  return {
    current: () => context,
    onChange: (listener) => void listeners.push(listener),
    advice:
      `The certificate comes from an authority that only this machine knows. Browsers trust it once ${join(dir, 'authority.pem')} is imported ` +
      'as a certificate authority: in Chromium under Privacy and security → Security → Manage certificates, in Firefox under Certificates → ' +
      'View certificates → Authorities, on a phone by opening the file.',
    close: () => clearInterval(daily),
  }
}

async function localPair(dir: string, names: string[], now: Date): Promise<{ cert: string; key: string }> {
  const authority =
    (await kept(dir, 'authority', (cert) => isGoodFor(cert, serverDays + renewBeforeDays, now))) ?? (await newAuthority(dir, now))
  const issuer = new X509Certificate(authority.cert)
  const standing = await kept(
    dir,
    'server',
    (cert) =>
      cert.checkIssued(issuer) &&
      isGoodFor(cert, renewBeforeDays, now) &&
      names.every((name) => (ipaddr.isValid(name) ? cert.checkIP(name) : cert.checkHost(name)) !== undefined),
  )
  const server = standing ?? (await newServer(dir, names, authority, now))
  return { cert: server.cert + authority.cert, key: server.key }
}

const isGoodFor = (cert: X509Certificate, days: number, now: Date) =>
  Date.parse(cert.validTo) - now.getTime() > days * dayMs && Date.parse(cert.validFrom) <= now.getTime()

async function kept(dir: string, name: string, isGood: (cert: X509Certificate) => boolean) {
  try {
    const pair = checked({ cert: await readFile(join(dir, `${name}.pem`), 'utf8'), key: await readFile(join(dir, `${name}.key`), 'utf8') })
    return isGood(new X509Certificate(pair.cert)) ? pair : undefined
  } catch {
    // Missing or unreadable: a new one is made, which is all that could be done about it.
    return undefined
  }
}

/** Throws unless the key belongs to the certificate. */
function checked(pair: { cert: string; key: string }) {
  createSecureContext(pair)
  return pair
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

async function newAuthority(dir: string, now: Date) {
  const x509 = await certificates()
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [`Atrium on ${hostname()}`] }],
    notBefore: new Date(now.getTime() - dayMs),
    notAfter: new Date(now.getTime() + authorityDays * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return keep(dir, 'authority', await pairOf(cert, keys.privateKey))
}

async function newServer(dir: string, names: string[], authority: { cert: string; key: string }, now: Date) {
  const x509 = await certificates()
  const issuer = new x509.X509Certificate(authority.cert)
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const cert = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [names[0]!] }],
    issuer: issuer.subject,
    notBefore: new Date(now.getTime() - dayMs),
    notAfter: new Date(now.getTime() + serverDays * dayMs),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: await crypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(authority.key), algorithm, false, ['sign']),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: ipaddr.isValid(value) ? ('ip' as const) : ('dns' as const), value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return keep(dir, 'server', await pairOf(cert, keys.privateKey))
}

async function keep(dir: string, name: string, pair: { cert: string; key: string }) {
  // Killed between the two, the halves do not belong together: the next start sees that and makes another pair.
  for (const [file, text] of [
    [`${name}.key`, pair.key],
    [`${name}.pem`, pair.cert],
  ] as const) {
    await writeFile(join(dir, `${file}.new`), text, { mode: 0o600 })
    await rename(join(dir, `${file}.new`), join(dir, file))
  }
  return pair
}

/** Whatever somebody may type to get here: names of this machine and its addresses. */
function namesOf({ host, origin }: Pick<Config, 'host' | 'origin'>): string[] {
  const machine = hostname().toLowerCase()
  const addresses = Object.values(networkInterfaces())
    .flatMap((all) => (all ?? []).map(({ address }) => address))
    .filter((address) => !address.startsWith('fe80'))
  const configured = origin ? [new URL(origin).hostname.replace(/^\[|\]$/g, '')] : []
  const isAny = host === '0.0.0.0' || host === '::'
  return [...new Set(['localhost', machine, `${machine}.local`, ...configured, ...(isAny ? [] : [host]), '127.0.0.1', '::1', ...addresses])]
}
