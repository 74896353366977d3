import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { beforeAll, describe, inject, test } from 'vitest'
import WebSocket from 'ws'
import { hub, type TestHub } from '../../server/src/testing/hub.ts'
import { png } from './png.ts'

let here: TestHub
beforeAll(async () => {
  here = await hub(inject('cluster'))
  return () => here.close()
})

const foreign = 'https://elsewhere.example'
const post = (name: string, input: unknown, headers: Record<string, string>) =>
  fetch(`${here.origin}/api/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(input),
  })

/** The status that a WebSocket handshake is answered with. */
const handshake = (path: string, headers: Record<string, string>) =>
  new Promise<number>((resolve) => {
    const socket = new WebSocket(`${here.origin.replace('http', 'ws')}${path}`, { headers })
    socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode!))
    socket.on('error', () => {})
    socket.on('open', () => {
      socket.close()
      resolve(101)
    })
  })
const socketPath = '/socket.io/?EIO=4&transport=websocket'

describe('who may come in', () => {
  test('a WebSocket from another site is refused, with and without the cookie; ours is taken', async () => {
    const { cookie } = here.alice
    assert.equal(await handshake(socketPath, { origin: foreign, cookie }), 403)
    assert.equal(await handshake(socketPath, { origin: foreign }), 403)
    assert.equal(await handshake(socketPath, { origin: 'null', cookie }), 403)
    assert.equal(await handshake(socketPath, { cookie }), 403)
    assert.equal(await handshake(socketPath, { origin: here.origin, cookie }), 101)
    assert.equal(await handshake('/elsewhere', { origin: here.origin, cookie }), 404)
  })

  test('a POST or PUT from another site is refused; nothing is done', async () => {
    const { cookie, accountId } = here.alice
    const change = { clientId: randomUUID(), title: 'Owned' }
    for (const headers of [
      { origin: foreign, cookie },
      { origin: 'null', cookie },
      { 'sec-fetch-site': 'cross-site', cookie },
      { 'sec-fetch-site': 'same-site', origin: here.origin, cookie },
      { cookie },
      { origin: foreign },
    ] as Record<string, string>[])
      assert.equal((await post('directory.profile.change', change, headers)).status, 403, JSON.stringify(headers))
    const upload = await fetch(`${here.origin}/upload/x`, { method: 'PUT', body: png, headers: { origin: foreign, cookie } })
    assert.equal(upload.status, 403)
    const [alice] = await here.alice.call('directory.people.of', { ids: [accountId] })
    assert.equal(alice!.title, '')
  })

  test('another site cannot read with the cookie either, and gets no CORS', async () => {
    const { cookie } = here.alice
    const read = (site: string) =>
      fetch(`${here.origin}/api/directory.me`, { headers: { cookie, 'sec-fetch-site': site, origin: foreign } })
    for (const site of ['cross-site', 'same-site']) {
      const response = await read(site)
      assert.equal(response.status, 403)
      assert.equal(response.headers.get('access-control-allow-origin'), null)
    }
    assert.equal((await here.alice.http('/api/directory.me')).status, 200)
  })

  test('a form cannot post: only JSON is read', async () => {
    const input = JSON.stringify({ clientId: randomUUID() })
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const response = await here.alice.http('/api/auth.signOut', { method: 'POST', body: input, headers: { 'content-type': type } })
      assert.equal(response.status, 400, type)
    }
    assert.equal((await here.alice.http('/api/directory.me')).status, 200)
  })

  test('a body that is no JSON, or too much of it, is refused with a code', async () => {
    const asked = async (body: string) => {
      const response = await here.alice.http('/api/presence.choose', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      })
      return [response.status, ((await response.json()) as any).error.code]
    }
    assert.deepEqual(await asked('{'), [400, 'invalid'])
    assert.deepEqual(await asked(`"${'x'.repeat(2_000_000)}"`), [413, 'too_large'])
  })
})

test('the cookie is for HTTP only, for our site, for all of it, and Secure where people come by TLS', async () => {
  const signIn = (headers: Record<string, string>) =>
    post('auth.signIn', { clientId: randomUUID(), address: here.bob.address, password: here.bob.password }, headers)
  const flags = async (headers: Record<string, string>) =>
    (await signIn(headers)).headers
      .getSetCookie()
      .flatMap((cookie) => cookie.split('; ').map((part) => part.replace(/=.*/, '')))
      .sort()
  const plain = ['Expires', 'HttpOnly', 'Path', 'SameSite', 'atrium']
  assert.deepEqual(await flags({}), plain)
  const host = new URL(here.origin).host
  assert.deepEqual(
    await flags({ 'x-forwarded-proto': 'https', 'x-forwarded-host': host, origin: `https://${host}` }),
    [...plain, 'Secure'].sort(),
  )
  const [cookie] = (await signIn({})).headers.getSetCookie()
  assert.match(cookie!, /^atrium=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Expires=/)
})

describe('operations', () => {
  test('what the contract does not know does not exist, at either door', async () => {
    await here.alice.connect()
    for (const name of ['chat.unheardOf', 'chat.message.sent', 'presence.touch', '__proto__', 'constructor', 'toString']) {
      assert.equal((await here.alice.http(`/api/${name}`)).status, 404, name)
      assert.equal(
        (await here.alice.http(`/api/${name}`, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })).status,
        404,
        name,
      )
    }
  })

  test('a command cannot be got, a query can, by plain parameters and by JSON', async () => {
    assert.equal((await here.alice.http('/api/auth.signOut?clientId=x')).status, 404)
    const people = async (search: string) => {
      const reply = (await (await here.alice.http(`/api/directory.people?${search}`)).json()) as any
      return reply.data.people.length
    }
    assert.deepEqual(await Promise.all([people('limit=1'), people(`input=${encodeURIComponent('{"limit":2}')}`)]), [1, 2])
  })

  test('they are described as OpenAPI, to who is signed in', async () => {
    assert.equal((await fetch(`${here.origin}/api/openapi.json`)).status, 401)
    const response = await here.alice.http('/api/openapi.json')
    const description = (await response.json()) as any
    assert.equal(description.openapi, '3.1.0')
    assert.ok(description.paths['/api/chat.send'].post)
  })

  test('what is answered is nobody else’s to keep', async () => {
    const response = await here.alice.http('/api/directory.me')
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
  })
})

describe('names that are no trouble', () => {
  const names = [
    '../../x',
    'CON',
    '🙂'.repeat(300),
    '\u202Ereversed\u202C',
    '<script>alert(1)</script>',
    "'; drop table room; --",
    '%00%2e%2e',
    '👨‍👩‍👧‍👦'.repeat(50),
  ]

  test.each(names.map((name) => [name.slice(0, 20), name]))(
    '%j… is kept as it is: for a person, a room, a message',
    async (_title, name) => {
      const { alice } = here
      const { person } = await alice.call('directory.profile.change', { name, title: name.slice(0, 200).toWellFormed() })
      assert.equal(person.name, name)
      const { room } = await alice.call('chat.room.create', { name, memberIds: [] })
      await alice.call('chat.send', { roomId: room.id, body: name })
      const { view } = await alice.call('chat.open', { roomId: room.id })
      assert.deepEqual([view.room.name, view.messages.at(-1)!.body], [name, name])
      assert.equal((await alice.call('directory.people.of', { ids: [alice.accountId] }))[0]!.name, name)
    },
  )

  test('control characters become spaces, half a character is refused', async () => {
    const { alice } = here
    const { person } = await alice.call('directory.profile.change', { name: 'two\nli\u0007nes' })
    assert.equal(person.name, 'two li nes')
    for (const name of ['\uD83D', 'nul\0'])
      assert.equal(((await alice.ask('directory.profile.change', { name })) as any).error.code, 'invalid')
  })
})

describe('pictures', () => {
  test('are taken and given back, to whoever may see them, as what they are', async () => {
    const { alice, bob } = here
    const { id, path } = await alice.call('pictures.begin', { type: 'image/png', bytes: png.length })
    const put = await alice.http(path, { method: 'PUT', body: png })
    assert.equal(put.status, 200, JSON.stringify(await put.clone().json()))

    const got = await alice.http(`/picture/${id}`)
    assert.deepEqual(Buffer.from(await got.arrayBuffer()), png)
    const { headers } = got
    assert.deepEqual(
      ['content-type', 'cache-control', 'x-content-type-options', 'content-disposition'].map((name) => headers.get(name)),
      ['image/png', 'private, max-age=31536000, immutable', 'nosniff', 'inline'],
    )
    assert.match(headers.get('content-security-policy')!, /sandbox/)

    assert.equal((await bob.http(`/picture/${id}`)).status, 404, 'not attached to anything: its owner’s only')
    assert.equal((await fetch(`${here.origin}/picture/${id}`)).status, 401)
    assert.equal((await alice.http('/picture/..%2f..%2fetc%2fpasswd')).status, 404)
  })

  test('a ticket is good for its person and its bytes only', async () => {
    const { alice, bob } = here
    const begin = () => alice.call('pictures.begin', { type: 'image/png', bytes: png.length })
    const code = async (who: typeof alice, path: string, bytes: Buffer) =>
      ((await (await who.http(path, { method: 'PUT', body: new Uint8Array(bytes) })).json()) as any).error?.code
    assert.equal(await code(bob, (await begin()).path, png), 'forbidden')
    assert.equal(await code(alice, '/upload/nonsense', png), 'forbidden')
    assert.equal(await code(alice, (await begin()).path, Buffer.alloc(png.length)), 'invalid')
    assert.equal(await code(alice, (await begin()).path, Buffer.concat([png, png])), 'too_large')
  })
})

test('everybody can take a copy of what the hub keeps of them', async () => {
  const { alice } = here
  const { room } = await alice.call('chat.room.create', { name: 'Diary', memberIds: [] })
  await alice.call('chat.send', { roomId: room.id, body: 'Dear diary' })
  const response = await alice.http('/export')
  assert.match(response.headers.get('content-disposition')!, /^attachment/)
  const text = await response.text()
  assert.ok(text.includes('Dear diary') && text.includes(alice.address), text.slice(0, 500))
  JSON.parse(text)
  assert.equal((await fetch(`${here.origin}/export`)).status, 401)

  const again = await Promise.all(Array.from({ length: 10 }, () => alice.http('/export')))
  assert.ok(again.some(({ status }) => status === 429) && again.every(({ status }) => [200, 429].includes(status)))
  await Promise.all(again.map((answer) => answer.text()))
})
