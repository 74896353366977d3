import assert from 'node:assert/strict'
import { test } from 'vitest'
import { askAny } from './asking.ts'
import { memoryBus } from './bus/memory.ts'
import { fail, Refusal } from './errors.ts'

const described = (node: string) => ({ node, service: 'server', version: '1', load: 0 })
const standing = (...keys: string[]) => ({ list: async () => keys.map((key) => ({ key, node: key, until: new Date() })) })

test('one that is draining is passed over, whichever is asked first', async () => {
  const bus = memoryBus()
  bus.answer('server:a', async () => {
    throw fail('unavailable', 'unavailable')
  })
  bus.answer('server:b', async () => described('b'))
  for (let i = 0; i < 20; i++)
    assert.equal((await askAny({ bus, placement: standing('server:a', 'server:b') }, 'server', 'node.describe', {})).node, 'b')
  await bus.close()
})

test('a refusal is the answer, and nobody else is asked', async () => {
  const bus = memoryBus()
  let asked = 0
  for (const address of ['server:a', 'server:b'])
    bus.answer(address, async () => {
      asked++
      throw fail('not_found', 'notFound')
    })
  await assert.rejects(
    askAny({ bus, placement: standing('server:a', 'server:b') }, 'server', 'node.describe', {}),
    (error) => error instanceof Refusal && error.failure.code === 'not_found',
  )
  assert.equal(asked, 1)
  await bus.close()
})

test('where there is no such service, it is unavailable', async () => {
  const bus = memoryBus()
  await assert.rejects(
    askAny({ bus, placement: standing() }, 'sfu', 'node.describe', {}),
    (error) => error instanceof Refusal && error.failure.code === 'unavailable',
  )
  await bus.close()
})
