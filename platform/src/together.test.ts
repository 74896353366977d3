import assert from 'node:assert/strict'
import { test } from 'vitest'
import { together } from './together.ts'

test('what is asked while a question is under way becomes one question, and everybody gets the answer', async () => {
  const asked: string[][] = []
  const ask = together(async (keys) => {
    asked.push(keys)
    return new Map(keys.map((key) => [key, key.length]))
  })
  const answers = await Promise.all([['a'], ['bb', 'a'], ['ccc']].map((keys) => ask(keys)))
  const later = await ask(['dddd'])
  assert.deepEqual(asked, [['a', 'bb', 'ccc'], ['dddd']])
  assert.deepEqual([answers[1]!.get('bb'), later.get('dddd')], [2, 4])
})

test('a question that failed is nobody else’s trouble', async () => {
  let isDown = true
  const ask = together(async (keys) => {
    if (isDown) throw new Error('down')
    return new Map(keys.map((key) => [key, 1]))
  })
  await assert.rejects(ask(['a']), /down/)
  isDown = false
  assert.equal((await ask(['a'])).get('a'), 1)
})
