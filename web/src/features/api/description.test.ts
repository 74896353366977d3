import { describe, expect, test } from 'vitest'
import { byPart, curlOf, found, kindOf, offeredBy, sampleOf, type Description } from './description.ts'

const answer = { 200: { content: { 'application/json': { schema: { type: 'object', properties: { data: { type: 'object' } } } } } } }
const body = (schema: object) => ({ 'application/json': { schema } })
const description: Description = {
  info: { version: '1', description: '' },
  paths: {
    '/api/chat.send': {
      post: {
        operationId: 'chat.send',
        summary: 'Says something in a room.',
        tags: ['chat'],
        security: [{ token: ['chat:write'] }, { session: [] }],
        requestBody: {
          content: body({
            type: 'object',
            required: ['clientId', 'roomId', 'body'],
            properties: { clientId: { type: 'string' }, roomId: { type: 'string' }, body: { type: 'string' }, files: { type: 'array' } },
          }),
        },
        responses: answer,
      },
    },
    '/api/accounts.list': {
      get: {
        operationId: 'accounts.list',
        summary: 'Lists accounts.',
        tags: ['accounts'],
        security: [{ token: ['administration:read'] }, { session: [] }],
        'x-right': { right: 'account.see', on: 'anything' },
        parameters: [{ name: 'input', content: body({ type: 'object', properties: {} }) }],
        responses: answer,
      },
    },
    '/api/auth.sessions': {
      get: {
        operationId: 'auth.sessions',
        summary: 'My sessions.',
        tags: ['auth'],
        security: [{ session: [] }],
        parameters: [{ name: 'input', content: body({ type: 'object', properties: {} }) }],
        responses: answer,
      },
    },
  },
} as unknown as Description
const all = offeredBy(description)

describe('what is offered', () => {
  test('by name, with what a token needs and which right', () => {
    expect(all.map(({ name, method, scope, right }) => [name, method, scope, right])).toEqual([
      ['chat.send', 'POST', 'chat:write', undefined],
      ['accounts.list', 'GET', 'administration:read', 'account.see'],
      ['auth.sessions', 'GET', null, undefined],
    ])
  })

  test('in parts: what programs do every day, what administrators do, what is left to people', () => {
    expect(byPart(all.toReversed()).map(([part]) => part)).toEqual(['chat', 'accounts', 'auth'])
  })

  test('found by words of name, sentence, scope or right, and by what a token may', () => {
    const names = (text: string, scope = '') => found(all, text, scope).map(({ name }) => name)
    expect(names('SAYS room')).toEqual(['chat.send'])
    expect(names('account.see')).toEqual(['accounts.list'])
    expect(names('', 'chat:write')).toEqual(['chat.send'])
    expect(names('nothing like it')).toEqual([])
  })
})

describe('an example', () => {
  test('of a command has a new id for each, put in by the shell', () => {
    expect(curlOf(all[0]!, 'https://hub.example')).toBe(
      `curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' 'https://hub.example/api/chat.send' \\\n` +
        `  -d '{"clientId":"'"$(uuidgen)"'","roomId":"<roomId>","body":"<body>"}'`,
    )
  })
  test('of a query that needs nothing is its address', () => {
    expect(curlOf(all[1]!, 'https://hub.example')).toBe(`curl -G -H "Authorization: Bearer $TOKEN" 'https://hub.example/api/accounts.list'`)
  })
  test('fills in the least that is needed', () => {
    const shape = {
      type: 'object',
      required: ['then', 'accountIds', 'limit', 'isOn'],
      properties: {
        then: { oneOf: [{ type: 'object', required: ['do', 'days'], properties: { do: { const: 'keep' }, days: { type: 'integer' } } }] },
        accountIds: { type: 'array', items: { type: 'string' } },
        limit: { type: 'integer', default: 50 },
        isOn: { type: 'boolean' },
      },
    }
    expect(sampleOf(shape)).toEqual({ then: { do: 'keep', days: 1 }, accountIds: ['<accountId>'], isOn: true })
  })
})

test('a field in a word', () => {
  expect(kindOf({ anyOf: [{ type: 'integer' }, { type: 'null' }] })).toBe('integer | null')
  expect(kindOf({ type: 'array', items: { type: 'string', format: 'uuid' } })).toBe('uuid[]')
  expect(kindOf({ enum: ['a', 'b'] })).toBe('"a" | "b"')
})
