import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createServer as createSecureServer } from 'node:tls'
import { afterAll, beforeAll, test } from 'vitest'
import { Refusal } from './errors.ts'
import { jsonLog } from './log.ts'
import { openOutgoing } from './outgoing.ts'
import { certificateFor } from './tls.ts'

/** A server that says its name to whoever comes, in plain and under TLS, with a certificate for `localhost` and this machine's addresses. */
let plain: { port: number; server: Server }
let secure: { port: number; server: Server }
let authority: string
let dataDir: string
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'atrium-certificates-'))
  const config = { dataDir, host: '127.0.0.1', origin: null, tls: { kind: 'local' as const } }
  const certificate = await certificateFor({ config, log: jsonLog('silent'), now: () => new Date() })
  authority = await readFile(join(dataDir, 'tls/authority.pem'), 'utf8')
  plain = await listening(createServer((socket) => void socket.on('error', () => {}).end('plain')))
  secure = await listening(createSecureServer(certificate!.current(), (socket) => void socket.on('error', () => {}).end('secure')))
  certificate!.close()
})
afterAll(async () => {
  for (const { server } of [plain, secure]) server.close()
  await rm(dataDir, { recursive: true })
})
async function listening(server: Server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}
const leadsTo = (...answers: string[][]) =>
  openOutgoing({ resolve: async () => answers.shift() ?? [], mayVisit: (address) => address === '127.0.0.1' })

test('each connection goes where the name leads at that time, if one may go there', async () => {
  const outgoing = leadsTo(['127.0.0.1'], ['10.0.0.7'], ['127.0.0.1'], ['127.0.0.1', '10.0.0.7'], ['10.0.0.7'])
  const ask = (also: string[] = []) =>
    outgoing.connection('rtmp://live.example.org/app', { port: plain.port, isSecure: false }, also).then((socket) => text(socket))
  const forbidden = (error: unknown) => error instanceof Refusal && error.failure.code === 'forbidden'
  assert.equal(await ask(), 'plain')
  await assert.rejects(ask(), forbidden)
  assert.equal(await ask(), 'plain')
  await assert.rejects(ask(), forbidden, 'one of two is refused')
  assert.deepEqual(await outgoing.addressesOf('rtmp://studio/app', ['10.0.0.0/8']), ['10.0.0.7'])
  await assert.rejects(ask(), (error) => error instanceof Refusal && error.failure.code === 'unavailable')
  await assert.rejects(outgoing.connection('no address', { port: 1, isSecure: false }), Refusal)
})

test('under TLS who answers has a certificate of that name, by a maker that is known', async () => {
  const ask = async (host: string, trusted: string[]) => {
    const request = { port: secure.port, isSecure: true, trusted }
    return text(await leadsTo(['127.0.0.1']).connection(`rtmps://${host}/app`, request))
  }
  assert.equal(await ask('localhost', [authority]), 'secure')
  assert.equal(await ask('127.0.0.1', [authority]), 'secure')
  await assert.rejects(ask('localhost', []), /certificate/)
  await assert.rejects(ask('live.example.org', [authority]), /does not match/)
})
