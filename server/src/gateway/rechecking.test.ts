import assert from 'node:assert/strict'
import { test } from 'vitest'
import type { SessionId } from '@atrium/protocol'
import { overAmong } from './rechecking.ts'

const open = (sessionId: string, lookedAt = 0) => ({ actor: { sessionId: sessionId as SessionId }, lookedAt, looks: 1 })

test('each socket’s session is looked at once a minute, and said to be in use every tenth time', async () => {
  const [stays, ends, young] = [open('stays'), open('ends'), open('young', 50_000)]
  const asked: [string[], boolean][] = []
  const standing = async (ids: SessionId[], isInUse: boolean) => {
    asked.push([ids, isInUse])
    return new Set(['stays'])
  }
  const all = [stays, open('stays'), ends, young]
  assert.deepEqual(await overAmong(all, 59_999, standing), [])
  assert.equal(asked.length, 0)
  assert.deepEqual(await overAmong(all, 60_000, standing), [ends])
  assert.deepEqual(asked, [[['stays', 'ends'], false]])

  for (let minute = 2; minute < 12; minute++) await overAmong([stays], minute * 60_000, standing)
  assert.deepEqual(
    asked.slice(1).map(([, isInUse]) => isInUse),
    [...Array.from({ length: 8 }, () => false), true, false],
  )
})
