import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, gzipSync } from 'node:zlib'
import type { Response } from 'express'
import { afterAll, afterEach, beforeAll, test } from 'vitest'
import { fail } from './errors.ts'
import { openHttp, type Http, type HttpOptions } from './http.ts'
import { jsonLog } from './log.ts'
import { ask } from './testing/ask.ts'

const script = 'console.log("the framework begins")'
const page = `<!doctype html><html><head><script>${script}</script><script src="/x.js"></script></head></html>`
const chunk = 'export const answer = 42\n'.repeat(200)

let webDir: string
const open: Http[] = []
beforeAll(async () => {
  webDir = await mkdtemp(join(tmpdir(), 'atrium-http-'))
  await mkdir(join(webDir, '_app/immutable'), { recursive: true })
  await writeFile(join(webDir, '200.html'), page)
  await writeFile(join(webDir, 'service-worker.js'), 'self')
  await writeFile(join(webDir, '_app/immutable/a.js'), chunk)
  await writeFile(join(webDir, '_app/immutable/a.js.br'), brotliCompressSync(chunk))
  await writeFile(join(webDir, '_app/immutable/a.js.gz'), gzipSync(chunk))
})
afterAll(() => rm(webDir, { recursive: true }))
afterEach(async () => {
  for (const http of open.splice(0)) await http.close(0)
})

const logged: string[] = []
async function hub(config: Partial<HttpOptions['config']> = {}, more: Partial<HttpOptions> = {}) {
  const http = openHttp({
    config: { host: '127.0.0.1', port: 0, origin: null, trustedProxies: [], webDir, isDev: false, ...config },
    log: jsonLog('info', { write: (line) => void logged.push(line) }),
    machineNames: ['hubhost'],
    ...more,
  })
  http.app.post('/api/change', (request, response) => void response.json({ ok: true, data: request.body }))
  http.app.get('/api/refuse', () => {
    throw fail('over_quota', 'overQuota', { params: { limit: 3 } })
  })
  http.app.get('/api/break', () => {
    throw new Error('a private detail')
  })
  http.app.get('/api/seen', (request, response) => void response.json({ source: http.sourceOf(request), origin: http.originOf(request) }))
  http.app.get('/api/long', (_request, response) => void response.json('long '.repeat(2_000)))
  http.upgrade('/socket', (_request, socket) =>
    socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: test\r\nconnection: upgrade\r\n\r\n'),
  )
  const { promise: waiting, resolve: arrived } = Promise.withResolvers<Response>()
  http.app.get('/api/wait', (_request, response) => arrived(response))
  open.push(http)
  await http.listen()
  const { port } = http.server.address() as AddressInfo
  return { http, waiting, at: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, port }
}

const post = (at: string, headers: Record<string, string>) =>
  ask(`${at}/api/change`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{"a":1}' })
const upgrade = (at: string, headers: Record<string, string>, path = '/socket/x?y=1') =>
  ask(`${at}${path}`, { headers: { connection: 'Upgrade', upgrade: 'websocket', ...headers } })
const cookie = 'theme=dark; atrium=secret'

test('a person with the cookie changes something from our own page only', async () => {
  const { at, host } = await hub()
  assert.equal((await post(at, { cookie, origin: at })).status, 200)
  assert.equal((await post(at, { cookie, origin: at, 'sec-fetch-site': 'same-origin' })).status, 200)
  assert.equal((await post(at, { cookie, 'sec-fetch-site': 'same-origin' })).status, 200)

  for (const headers of [
    { cookie, origin: 'http://evil.example' },
    { cookie, origin: 'null' },
    { cookie, origin: `https://${host}` },
    { cookie, origin: at, 'sec-fetch-site': 'cross-site' },
    { cookie, origin: at, 'sec-fetch-site': 'same-site' },
    { cookie },
    { origin: 'http://evil.example' },
    { 'sec-fetch-site': 'cross-site' },
  ] as Record<string, string>[]) {
    const answer = await post(at, headers)
    assert.equal(answer.status, 403, JSON.stringify(headers))
    assert.deepEqual(JSON.parse(answer.text), { ok: false, error: { code: 'forbidden', key: 'forbidden' } })
  }
})

test('a program without cookie and without page may ask', async () => {
  const { at } = await hub()
  assert.deepEqual(JSON.parse((await post(at, { authorization: 'Bearer x' })).text), { ok: true, data: { a: 1 } })
})

test('a foreign name that was pointed at this machine is not us', async () => {
  const { at, port } = await hub()
  for (const name of ['localhost', 'hubhost', 'HUBHOST', 'hubhost.local', '192.168.7.7', '[::1]', 'hub.localhost'])
    assert.equal((await post(at, { cookie, host: `${name}:${port}`, origin: `http://${name.toLowerCase()}:${port}` })).status, 200, name)
  for (const name of ['evil.example', 'hubhost.evil.example', 'localhost.evil.example', 'localhost@evil.example', ''])
    assert.equal((await post(at, { cookie, host: `${name}:${port}`, origin: `http://${name}:${port}` })).status, 403, name)
})

test('a configured origin is the only one', async () => {
  const { at } = await hub({ origin: 'https://hub.example' })
  assert.equal((await post(at, { cookie, origin: 'https://hub.example' })).status, 200)
  assert.equal((await post(at, { cookie, origin: at })).status, 403)
})

test('sockets open for our own page, at paths somebody took', async () => {
  const { at, http } = await hub()
  assert.equal((await upgrade(at, { origin: at, cookie })).status, 101)
  assert.equal((await upgrade(at, { origin: 'http://evil.example', cookie })).status, 403)
  assert.equal((await upgrade(at, { cookie })).status, 403)
  assert.equal((await upgrade(at, { origin: at }, '/socketx')).status, 404)
  assert.equal((await upgrade(at, { origin: at }, '/')).status, 404)
  http.drain()
  assert.equal((await upgrade(at, { origin: at, cookie })).status, 503)
})

test('forwarded addresses are believed from trusted proxies only', async () => {
  const headers = { 'x-forwarded-for': '6.6.6.6, 9.9.9.9, 10.0.0.7', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'hub.example' }
  const plain = await hub()
  assert.deepEqual(JSON.parse((await ask(`${plain.at}/api/seen`, { headers })).text), { source: '127.0.0.1', origin: plain.at })

  const proxied = await hub({ trustedProxies: ['127.0.0.1', '10.0.0.0/8'] })
  // 6.6.6.6 was written by 9.9.9.9, whom nobody trusts.
  assert.deepEqual(JSON.parse((await ask(`${proxied.at}/api/seen`, { headers })).text), {
    source: '9.9.9.9',
    origin: 'https://hub.example',
  })
  const mapped = { 'x-forwarded-for': 'rubbish, ::ffff:8.8.8.8' }
  assert.equal(JSON.parse((await ask(`${proxied.at}/api/seen`, { headers: mapped })).text).source, '8.8.8.8')
  assert.equal(JSON.parse((await ask(`${proxied.at}/api/seen`, { headers: { 'x-forwarded-for': 'rubbish' } })).text).source, '127.0.0.1')
})

test('every address is the page, whose only inline script is allowed by its hash', async () => {
  const { at } = await hub()
  for (const path of ['/', '/people', '/r/0192/7', '/setup/abc_-', '/%']) {
    const answer = await ask(at + path)
    assert.equal(answer.text, page)
    assert.equal(answer.headers['cache-control'], 'no-cache')
    assert.equal(answer.headers['x-content-type-options'], 'nosniff')
    const policy = String(answer.headers['content-security-policy'])
    assert.match(policy, /script-src 'self' 'sha256-[A-Za-z0-9+/=]+';/)
    assert.match(policy, /frame-ancestors 'none'/)
    assert.doesNotMatch(policy.replace("style-src-attr 'unsafe-inline'", ''), /unsafe/)
  }
  for (const path of ['/_app/immutable/gone.js', '/missing.png', '/api/nothing', '/%2e%2e/%2e%2e/package.json'])
    assert.equal((await ask(at + path)).status, 404, path)
  assert.equal((await ask(at, { path: '/../../../../etc/passwd' })).text, page)
})

test('hashed files are kept for ever and come as they were compressed; the service worker is always asked for', async () => {
  const { at } = await hub()
  const get = (path: string, accepted: string) => ask(at + path, { headers: { 'accept-encoding': accepted } })
  const brotli = await get('/_app/immutable/a.js', 'gzip, br')
  assert.equal(brotli.headers['content-encoding'], 'br')
  assert.equal(brotliDecompressSync(brotli.body).toString(), chunk)
  assert.equal(brotli.headers['cache-control'], 'public, max-age=31536000, immutable')
  assert.match(String(brotli.headers['content-type']), /javascript/)
  assert.match(String(brotli.headers.vary), /accept-encoding/i)
  assert.equal(brotli.headers['x-content-type-options'], 'nosniff')
  assert.equal(brotli.headers['cross-origin-resource-policy'], 'same-origin')
  // What binds a page is said with the page, not with each of its files.
  assert.equal(brotli.headers['content-security-policy'], undefined)
  assert.equal(brotli.headers['permissions-policy'], undefined)
  assert.equal((await get('/_app/immutable/a.js', 'gzip')).headers['content-encoding'], 'gzip')
  assert.equal((await get('/_app/immutable/a.js', 'identity')).text, chunk)
  assert.equal((await get('/_app/immutable/a.js.br', '')).status, 404)

  const worker = await get('/service-worker.js', 'br')
  assert.equal(worker.headers['cache-control'], 'no-cache')
  assert.match(String(worker.headers['content-security-policy']), /script-src 'self'/)
  assert.match(String(worker.headers['permissions-policy']), /camera=/)
  const again = await ask(`${at}/service-worker.js`, { headers: { 'if-none-match': String(worker.headers.etag) } })
  assert.equal(again.status, 304)
  assert.equal((await get('/api/long', 'gzip')).headers['content-encoding'], 'gzip')
})

test('refusals are replies; a bug is a reference and nothing more', async () => {
  const { at } = await hub()
  const refused = await ask(`${at}/api/refuse`)
  assert.equal(refused.status, 507)
  assert.deepEqual(JSON.parse(refused.text).error, { code: 'over_quota', key: 'overQuota', params: { limit: 3 } })

  const broken = await ask(`${at}/api/break`)
  const { error } = JSON.parse(broken.text)
  assert.equal(broken.status, 500)
  assert.equal(error.code, 'internal')
  assert.doesNotMatch(broken.text, /private detail/)
  assert.ok(logged.some((line) => line.includes(error.ref) && line.includes('a private detail')))

  const json = { 'content-type': 'application/json' }
  assert.equal((await ask(`${at}/api/change`, { method: 'POST', headers: json, body: '{' })).status, 400)
  const big = await ask(`${at}/api/change`, { method: 'POST', headers: json, body: JSON.stringify('x'.repeat(300_000)) })
  assert.equal(big.status, 413)
  assert.equal(JSON.parse(big.text).error.code, 'too_large')
})

test('a taken port is a sentence that says whom to ask', async () => {
  const { port } = await hub()
  await assert.rejects(
    hub({ port }),
    new RegExp(`Port ${port} is taken by (process ${process.pid} \\(|another program).*--port ${port + 1}`),
  )
  await assert.rejects(hub({ host: '192.0.2.1' }), /192\.0\.2\.1 is no address of this machine/)
})

test('closing lets a request finish and cuts sockets that do not go', async () => {
  const { http, at, waiting } = await hub()
  const finishing = ask(`${at}/api/wait`)
  const reply = await waiting
  const held = Promise.withResolvers<void>()
  http.upgrade('/held', () => held.resolve())
  const cut = Promise.withResolvers<void>()
  request(`${at}/held`, { agent: false, headers: { connection: 'Upgrade', upgrade: 'x' } })
    .on('error', () => cut.resolve())
    .end()
  await held.promise

  const closing = http.close(200)
  await cut.promise
  reply.json('done')
  assert.equal((await finishing).text, '"done"')
  await closing
  await assert.rejects(ask(at), /ECONNREFUSED/)
})

test('while developing, hot reload passes to the build tool', async () => {
  const pages = async (server: Server) => {
    server.on('upgrade', (request, socket) => {
      if (request.headers['sec-websocket-protocol'] === 'vite-hmr')
        socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: test\r\nconnection: upgrade\r\n\r\n')
    })
    return (_request: unknown, response: { end(text: string): void }) => void response.end('from the build tool')
  }
  const { at } = await hub({ isDev: true }, { pages })
  assert.equal((await upgrade(at, { 'sec-websocket-protocol': 'vite-hmr' }, '/')).status, 101)
  assert.equal((await ask(at)).text, 'from the build tool')
})

test('a client that is built anew beneath a running hub is served with its own policy and its own files', async () => {
  const { at } = await hub()
  assert.equal((await ask(`${at}/r/1`)).text, page)
  assert.equal((await ask(`${at}/_app/immutable/b.js`)).status, 404)

  const next = page.replace(script, 'console.log("another beginning")')
  await writeFile(join(webDir, '_app/immutable/b.js'), chunk)
  await writeFile(join(webDir, '200.html'), next)
  const answer = await ask(`${at}/r/1`)
  assert.equal(answer.text, next)
  const hash = createHash('sha256').update('console.log("another beginning")').digest('base64')
  assert.ok(String(answer.headers['content-security-policy']).includes(hash))
  assert.equal((await ask(`${at}/_app/immutable/b.js`)).status, 200)

  await rm(join(webDir, '200.html'))
  const between = await ask(`${at}/r/1`)
  assert.deepEqual([between.status, between.headers['retry-after']], [503, '5'])
  await writeFile(join(webDir, '200.html'), page)
  assert.equal((await ask(`${at}/r/1`)).text, page)
})
