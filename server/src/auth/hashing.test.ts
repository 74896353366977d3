import assert from 'node:assert/strict'
import { test } from 'vitest'
import { hashingPool } from './hashing.ts'

test('a thread that ends because nobody came takes no more work: who comes in that moment gets another', async () => {
  const pool = hashingPool(1, 0)
  const answers: string[] = []
  // The next comes when the thread is just being ended: that is what a timer of the same length, set right after, hits.
  for (let n = 0; n < 5; n++) {
    answers.push(await pool.hash(`password ${n}`))
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
  assert.ok(answers.every((hash) => hash.startsWith('$argon2id$')))
  assert.equal(await pool.verify(answers[0]!, 'password 0'), true)
  await pool.close()
})
