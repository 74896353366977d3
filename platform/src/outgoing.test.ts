import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, test } from 'vitest'
import { isMetadata, isPublic } from './addresses.ts'
import { Refusal } from './errors.ts'
import { openOutgoing } from './outgoing.ts'

const ending: (() => void)[] = []
afterEach(() => ending.splice(0).forEach((end) => end()))

/** A server on loopback, and every request that it got. */
async function site(answer: RequestListener = (_request, response) => void response.end('hello')) {
  const asked: { url: string; method: string; headers: IncomingMessage['headers']; body: string }[] = []
  const server = createServer(async (request, response) => {
    asked.push({ url: request.url!, method: request.method!, headers: request.headers, body: await text(request) })
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  ending.push(() => (server.closeAllConnections(), server.close()))
  return { asked, port: (server.address() as AddressInfo).port }
}

const refused = (code: string) => (error: unknown) => {
  assert.ok(error instanceof Refusal, String(error))
  assert.equal(error.failure.code, code)
  return true
}
/** As if loopback were the internet; `.internal` names lead to a private address. */
const open = (resolve = async (host: string) => (host.endsWith('.internal') ? ['10.0.0.7'] : ['127.0.0.1'])) =>
  openOutgoing({ resolve, mayVisit: (address) => address === '127.0.0.1' })
const real = openOutgoing()

test('a page is fetched under its name from the address that was checked', async () => {
  const { asked, port } = await site()
  const answer = await open().foreign(`http://news.example:${port}/a?b=c`)
  assert.deepEqual([answer.status, answer.body.toString(), answer.url], [200, 'hello', `http://news.example:${port}/a?b=c`])
  assert.equal(asked[0]?.headers.host, `news.example:${port}`)
  assert.equal(asked[0]?.headers['accept-encoding'], 'identity')
  assert.equal(asked[0]?.headers.cookie, undefined)
})

const inside = [
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '0',
  '0.0.0.0',
  '10.1.2.3',
  '172.16.0.1',
  '192.168.0.1',
  '169.254.169.254',
  '100.64.0.1',
  '192.0.0.192',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '168.63.129.16',
  '100.100.100.200',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b:1::7f00:1]',
  '[2002:7f00:1::]',
  '[2001:0:4136:e378:8000:63bf:3fff:fdd2]',
  '[fe80::1]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[ff02::1]',
  '[2001:db8::1]',
  '[fec0::1]',
  '127。0。0。1',
  '①②⑦.0.0.1',
]
test.each(inside)('a stranger does not send us to %s', async (host) => {
  await assert.rejects(real.foreign(`http://${host}/`), refused('forbidden'))
})

test('the open internet is public, nothing else is', () => {
  for (const address of ['93.184.215.14', '8.8.8.8', '2606:2800:21f:cb07:6820:80da:af6b:8b2c', '::ffff:8.8.8.8'])
    assert.ok(isPublic(address), address)
  for (const address of ['fe80::1%eth0', 'rubbish', '', '1.2.3.4.5']) assert.ok(!isPublic(address) && isMetadata(address), address)
})

test('a name that leads inside is refused, also when it leads outside as well, or later', async () => {
  const { asked, port } = await site()
  await assert.rejects(open().foreign(`http://db.internal:${port}/`), refused('forbidden'))
  await assert.rejects(open(async () => ['127.0.0.1', '10.0.0.7']).foreign(`http://both.example:${port}/`), refused('forbidden'))
  let times = 0
  await open(async () => (times++ === 0 ? ['127.0.0.1'] : ['10.0.0.7'])).foreign(`http://rebinding.example:${port}/`)
  assert.deepEqual([times, asked.length], [1, 1])
})

test('what is configured may lie in the house, but not where machines keep their secrets', async () => {
  const { port } = await site()
  assert.equal((await real.configured(`http://127.0.0.1:${port}/`)).status, 200)
  for (const host of ['169.254.169.254', '[fe80::1]', '[::ffff:169.254.169.254]', '[fd00:ec2::254]', '168.63.129.16', '2852039166'])
    await assert.rejects(real.configured(`http://${host}/`), refused('forbidden'), host)
})

test('only http and https, no passwords in addresses, no ports of other protocols', async () => {
  for (const url of [
    'file:///etc/passwd',
    'ftp://news.example/',
    'gopher://news.example/',
    'http://user:pass@news.example/',
    'not a url',
    '',
  ])
    await assert.rejects(open().foreign(url), refused('invalid'), url)
  for (const port of [22, 25, 587]) await assert.rejects(open().foreign(`http://news.example:${port}/`), refused('forbidden'))
})

test('every hop is checked, and there are at most three', async () => {
  const { asked, port } = await site((request, response) => {
    const left = Number(request.url!.slice(1))
    if (left > 0) response.writeHead(302, { location: `/${left - 1}` }).end()
    else response.end('arrived')
  })
  assert.equal((await open().foreign(`http://news.example:${port}/3`)).body.toString(), 'arrived')
  await assert.rejects(open().foreign(`http://news.example:${port}/4`), refused('unavailable'))
  assert.equal(asked.length, 8)

  const traps = ['http://db.internal/', 'http://10.0.0.7/', 'http://[::1]/', '//169.254.169.254/latest']
  for (const location of traps) {
    const trap = await site((_request, response) => void response.writeHead(301, { location }).end())
    await assert.rejects(open().foreign(`http://news.example:${trap.port}/`), refused('forbidden'), location)
  }
  const file = await site((_request, response) => void response.writeHead(301, { location: 'file:///etc/passwd' }).end())
  await assert.rejects(open().foreign(`http://news.example:${file.port}/`), refused('invalid'))
})

test('what is meant for one site does not go to the next', async () => {
  const next = await site()
  const first = await site((_request, response) => void response.writeHead(302, { location: `http://other.example:${next.port}/` }).end())
  await open().foreign(`http://news.example:${first.port}/`, {
    method: 'POST',
    body: 'secret',
    headers: { Authorization: 'Bearer x', 'x-plain': '1' },
  })
  assert.equal(first.asked[0]?.body, 'secret')
  const [{ method, headers, body }] = next.asked as [(typeof next.asked)[0]]
  assert.deepEqual([method, body, headers.authorization, headers['x-plain']], ['GET', '', undefined, '1'])
})

test('an answer without end is cut by bytes, one without beginning by time', async () => {
  const endless = await site((_request, response) => {
    const more = () => response.write('x'.repeat(10_000)) && setImmediate(more)
    response.on('drain', more)
    more()
  })
  await assert.rejects(open().foreign(`http://news.example:${endless.port}/`, { maxBytes: 100_000 }), refused('too_large'))
  const claimed = await site((_request, response) => void response.writeHead(200, { 'content-length': 5_000_000_000 }).flushHeaders())
  await assert.rejects(open().foreign(`http://news.example:${claimed.port}/`), refused('too_large'))
  const silent = await site(() => {})
  await assert.rejects(open().foreign(`http://news.example:${silent.port}/`, { timeoutMs: 50 }), refused('unavailable'))
  await assert.rejects(open(() => new Promise(() => {})).foreign('http://news.example/', { timeoutMs: 50 }), refused('unavailable'))
})

test('who is not there is unavailable', async () => {
  await assert.rejects(
    open(async () => {
      throw new Error('ENOTFOUND')
    }).foreign('http://nobody.example/'),
    refused('unavailable'),
  )
  await assert.rejects(open().foreign('http://news.example:1999/'), refused('unavailable'))
})
