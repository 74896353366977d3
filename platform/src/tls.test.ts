import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'vitest'
import { openHttp } from './http.ts'
import { jsonLog } from './log.ts'
import { ask } from './testing/ask.ts'
import { until } from './testing/index.ts'
import { certificateFor, type CertificateOptions } from './tls.ts'

let dataDir: string
const ending: (() => unknown)[] = []
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'atrium-tls-'))
})
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
  await rm(dataDir, { recursive: true })
})

const log = jsonLog('silent')
async function certificate(tls: CertificateOptions['config']['tls'], now = new Date()) {
  const made = await certificateFor({
    config: { tls, dataDir, host: '127.0.0.1', origin: 'https://hub.example' },
    log,
    now: () => now,
    lookEveryMs: 20,
  })
  assert.ok(made)
  ending.push(() => made.close())
  return made
}
const leaf = (text: unknown) => new X509Certificate(String(text))

test('a local authority signs for every name of this machine, and whoever trusts it gets in', async () => {
  const made = await certificate({ kind: 'local' })
  const cert = leaf(made.current().cert)
  for (const name of ['localhost', hostname(), 'hub.example']) assert.ok(cert.checkHost(name), name)
  for (const address of ['127.0.0.1', '::1']) assert.ok(cert.checkIP(address), address)
  assert.equal((await stat(join(dataDir, 'tls/authority.key'))).mode & 0o777, 0o600)
  assert.match(made.advice ?? '', /tls\/authority\.pem is imported/)

  const http = openHttp({
    config: { host: '127.0.0.1', port: 0, origin: null, trustedProxies: [], webDir: dataDir, isDev: false },
    log,
    certificate: made,
  })
  http.app.get('/api/hello', (request, response) => void response.json(http.originOf(request)))
  const url = await http.listen()
  ending.push(() => http.close(0))
  const ca = await readFile(join(dataDir, 'tls/authority.pem'), 'utf8')
  assert.match(url, /^https:\/\/localhost:/)
  const answer = await ask(`${url}/api/hello`, { ca })
  assert.equal(JSON.parse(answer.text), url)
  assert.equal(answer.headers['cross-origin-opener-policy'], 'same-origin')
  await assert.rejects(ask(`${url}/api/hello`), /self-signed|unable to verify/)
})

test('the next start keeps both; near its end the certificate is renewed by the same authority', async () => {
  const day = 86_400_000
  const first = await certificate({ kind: 'local' })
  const authority = await readFile(join(dataDir, 'tls/authority.pem'), 'utf8')
  assert.equal((await certificate({ kind: 'local' })).current().cert, first.current().cert)

  const renewed = await certificate({ kind: 'local' }, new Date(Date.now() + 380 * day))
  assert.notEqual(renewed.current().cert, first.current().cert)
  assert.equal(await readFile(join(dataDir, 'tls/authority.pem'), 'utf8'), authority)
  assert.ok(leaf(renewed.current().cert).checkIssued(leaf(authority)))

  await writeFile(join(dataDir, 'tls/server.key'), 'half')
  assert.notEqual((await certificate({ kind: 'local' })).current().cert, renewed.current().cert)
})

test('a given certificate is used, and read again when it was replaced', async () => {
  const local = await certificate({ kind: 'local' })
  const files = { certFile: join(dataDir, 'cert.pem'), keyFile: join(dataDir, 'key.pem') }
  const write = async ({ cert, key }: { cert?: unknown; key?: unknown }) => {
    await writeFile(files.certFile, String(cert))
    await writeFile(files.keyFile, String(key))
  }
  await write(local.current())
  const given = await certificate({ kind: 'given', ...files })
  let heard = 0
  given.onChange(() => heard++)
  assert.equal(given.current().cert, local.current().cert)

  await rm(join(dataDir, 'tls/server.pem'))
  const other = await certificate({ kind: 'local' })
  await write(other.current())
  await until('the new pair is used', () => given.current().cert === other.current().cert && heard === 1)

  await writeFile(files.keyFile, 'broken')
  await assert.rejects(certificate({ kind: 'given', ...files }), /TLS_CERT .*cert\.pem.* cannot be used/)
})
