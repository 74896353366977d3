import assert from 'node:assert/strict'
import { test } from 'vitest'
import type { Actor } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import type { Connection } from './connection.ts'
import { interest } from './interest.ts'

test('what is said in a new room before the process listens to it is asked for when it does', async () => {
  const actor = { accountId: 'bob', kind: 'person' } as Actor
  const told: string[] = []
  let listening = Promise.withResolvers<void>()
  const heeded = interest({
    follow: { hold: () => listening.promise, release: () => {} },
    seatsOf: async () => new Map(),
    onLost: (_account, error) => assert.fail(String(error)),
    onTaken: (topic) => told.push(topic),
    lingerMs: 0,
  })
  listening.resolve()
  await heeded.enter({ id: '1', actor } as Connection)

  listening = Promise.withResolvers()
  heeded.heard({ topic: 'account:bob', name: 'chat.seat.taken', payload: { room: { id: 'new' } }, seq: 1 })
  assert.deepEqual(told, [], 'nobody listens yet')
  listening.resolve()
  await until('the list is told to ask', () => told.length > 0)
  heeded.stop()
})
