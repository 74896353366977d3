import assert from 'node:assert/strict'
import { Validator } from '@seriousme/openapi-schema-validator'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { contract, type Scope } from '@atrium/protocol'
import { hub, type TestHub } from '../testing/hub.ts'
import { openApi } from './openapi.ts'

let here: TestHub
let described: { paths: Record<string, Record<string, any>> }
beforeAll(async () => {
  here = await hub(inject('cluster'))
  described = (await (await here.alice.http('/api/openapi.json')).json()) as typeof described
})
afterAll(() => here?.close())

test('every operation of the HTTP door is described, with what it does, what it takes and what it answers', () => {
  const expected = Object.entries(contract).filter(
    ([, entry]) => (entry.kind === 'query' || entry.kind === 'command') && (entry.terms as { door?: string }).door !== 'socket',
  )
  assert.deepEqual(Object.keys(described.paths).sort(), expected.map(([name]) => `/api/${name}`).sort())
  for (const [path, methods] of Object.entries(described.paths)) assert.ok(Object.values(methods)[0]!['summary'], path)

  const send = described.paths['/api/chat.send']!['post']
  const { schema } = send.requestBody.content['application/json']
  assert.deepEqual(schema.required, ['clientId', 'roomId', 'body'])
  assert.equal(schema.additionalProperties, false)
  assert.equal(send.responses[404].$ref, '#/components/responses/not_found')
  assert.deepEqual(described.paths['/api/hub.about']!['get'].security, [])
  assert.equal(described.paths['/api/sync.watch'], undefined)
})

test('it is OpenAPI, as others check it', async () => {
  const { valid, errors } = await new Validator().validate(JSON.parse(JSON.stringify(openApi(contract, '1.2.3'))))
  assert.ok(valid, JSON.stringify(errors)?.slice(0, 2_000))
})

test('it is for who is signed in, and for their programs', async () => {
  assert.equal((await fetch(`${here.origin}/api/openapi.json`)).status, 401)
  const { secret } = await here.bob.call('tokens.create', { kind: 'script', name: 'A reader', scopes: ['chat:read'] })
  const response = await fetch(`${here.origin}/api/openapi.json`, { headers: { authorization: `Bearer ${secret}` } })
  assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'application/json; charset=utf-8'])
})

/** As somebody would who knows nothing but the description: method, address, body, and the scope that stands there. */
async function byDescription(name: string, input: Record<string, unknown>, scopes: Scope[]) {
  const [[method, operation]] = Object.entries(described.paths[`/api/${name}`]!) as [[string, any]]
  const { secret } = await here.administrator.call('tokens.create', { kind: 'script', name, scopes })
  const query = operation.parameters ? `?${operation.parameters[0].name}=${encodeURIComponent(JSON.stringify(input))}` : ''
  const response = await fetch(`${here.origin}/api/${name}${query}`, {
    method: method.toUpperCase(),
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    ...(operation.requestBody && { body: JSON.stringify({ ...input, clientId: randomUUID() }) }),
  })
  return { status: response.status, reply: (await response.json()) as any }
}
const scopeAt = (name: string): Scope =>
  (Object.values(described.paths[`/api/${name}`]!)[0] as any).security.find((one: object) => 'token' in one).token[0]

test.each([
  ['chat.rooms', {}, 'chat:write'],
  ['chat.room.create', { name: 'By a program', memberIds: [] }, 'chat:read'],
  ['files.spaces', {}, 'chat:read'],
  ['directory.people', { search: 'Bob' }, 'chat:read'],
  ['accounts.list', { search: 'bob' }, 'administration:write'],
  ['cos.create', { name: 'By a program' }, 'administration:read'],
] as [string, Record<string, unknown>, Scope][])(
  'what it says of %s is so: the scope that it names opens it, another does not',
  async (name, input, other) => {
    const done = await byDescription(name, input, [scopeAt(name)])
    assert.deepEqual([done.status, done.reply.ok], [200, true], JSON.stringify(done.reply).slice(0, 500))
    const refused = await byDescription(name, input, [other])
    assert.deepEqual([refused.status, refused.reply.error.key], [403, 'factors.outOfScope'])
  },
)

test('what has no scope there no token reaches', async () => {
  const all: Scope[] = ['chat:read', 'chat:write', 'directory:read', 'administration:read', 'administration:write']
  for (const name of ['auth.sessions', 'tokens.list', 'me.rights', 'directory.profile.change']) {
    const [operation] = Object.values(described.paths[`/api/${name}`]!)
    assert.deepEqual(operation!['security'], [{ session: [] }], name)
    assert.equal((await byDescription(name, {}, all)).reply.error.key, 'factors.outOfScope', name)
  }
})
