import { expect, test } from 'vitest'
import { gathered } from './gathered.ts'

test('what is wanted at one moment is asked for together, each once, two hundred at a time', async () => {
  const asked: number[][] = []
  const want = gathered<number>(async (wanted) => void asked.push(wanted))
  want()
  want(1, 2)
  want(2, 3)
  await Promise.resolve()
  want(1)
  await Promise.resolve()
  expect(asked).toEqual([[1, 2, 3], [1]])
  want(...Array.from({ length: 450 }, (_, n) => n))
  await new Promise((resolve) => setTimeout(resolve))
  expect(asked.slice(2).map((one) => one.length)).toEqual([200, 200, 50])
})
