import assert from 'node:assert/strict'
import { test } from 'vitest'
import { contract } from '@atrium/protocol'
import { openApi } from './openapi.ts'

test('every operation of the HTTP door is described, with what it takes and what it answers', () => {
  const described = openApi(contract, '1.2.3') as unknown as { paths: Record<string, Record<string, any>> }
  const expected = Object.entries(contract).filter(
    ([, entry]) => (entry.kind === 'query' || entry.kind === 'command') && (entry.terms as { door?: string }).door !== 'socket',
  )
  assert.deepEqual(Object.keys(described.paths).sort(), expected.map(([name]) => `/api/${name}`).sort())

  const send = described.paths['/api/chat.send']!['post']
  const { schema } = send.requestBody.content['application/json']
  assert.deepEqual(schema.required, ['clientId', 'roomId', 'body'])
  assert.equal(schema.additionalProperties, false)
  assert.equal(send.responses[404].$ref, '#/components/responses/not_found')
  assert.deepEqual(described.paths['/api/hub.about']!['get'].security, [])
  assert.equal(described.paths['/api/sync.watch'], undefined)
})
