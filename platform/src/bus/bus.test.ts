import assert from 'node:assert/strict'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { Refusal } from '../errors.ts'
import { jsonLog } from '../log.ts'
import { until } from '../testing/index.ts'
import { notRun } from '../testing/needs.ts'
import { found } from '../testing/programs.ts'
import { redisServer } from '../testing/redis.ts'
import { currentRequest, inRequest } from '../request.ts'
import { busContract, listening } from './contract.ts'
import type { Event } from './index.ts'
import { memoryBus } from './memory.ts'
import { redisBus } from './redis.ts'

busContract('memory', async () => {
  const bugs: string[] = []
  const bus = memoryBus({ onBug: (_error, _operation, ref) => bugs.push(ref) })
  return { here: bus, there: bus, bugs, close: () => bus.close() }
})

const binary = found('redis-server')
if (!binary) notRun('bus/redis', 'redis-server')
else
  describe('redis', () => {
    let redis: Awaited<ReturnType<typeof redisServer>>
    beforeAll(async () => {
      redis = await redisServer(binary)
    })
    afterAll(() => redis.close())

    const log = jsonLog('silent')
    const open = (more: Partial<Parameters<typeof redisBus>[0]> = {}) => redisBus({ url: redis.url, log, heartbeatMs: 100, ...more })
    async function pair() {
      const bugs: string[] = []
      const [here, there] = [open(), open({ onBug: (_error, _operation, ref) => bugs.push(ref) })]
      await until('both are up', () => here.isUp() && there.isUp())
      return { here, there, bugs, close: async () => void (await Promise.all([here.close(), there.close()])) }
    }
    busContract('redis', pair)

    test('a process subscribes once per topic, and a while longer than somebody listens', async () => {
      const asking = await createClient({ url: redis.url }).connect()
      const bus = open({ lingerMs: 200 })
      await until('the bus is up', () => bus.isUp())
      const channels = async () => (await asking.pubSubChannels('atrium:topic:room:linger*')).length
      const stops = [bus.subscribe('room:linger', () => {}), bus.subscribe('room:linger', () => {})]
      await until('it is subscribed', async () => (await channels()) === 1)
      assert.deepEqual(Object.values(await asking.pubSubNumSub('atrium:topic:room:linger')), [1])

      for (const stop of stops) stop()
      const back = bus.subscribe('room:linger', () => {})
      const left = performance.now()
      back()
      await until('it is left', async () => (await channels()) === 0)
      assert.ok(performance.now() - left >= 190)
      await bus.close()
      await asking.close()
    })

    test('the request a call belongs to is known where it is answered', async () => {
      const { here, there, close } = await pair()
      there.answer('sfu:trace', async () => currentRequest()?.id)
      const seen = await until('it answers', () =>
        inRequest({ id: 'request-7' }, () => here.call('sfu:trace', 'x', {})).catch(() => undefined),
      )
      assert.equal(seen, 'request-7')
      await close()
    })

    test('Redis stopped and started again: nobody fails, nothing waits, and then it goes on by itself', async () => {
      const { here, there, close } = await pair()
      const far = await listening(here, there, 'room:outage')
      const near: Event[] = []
      here.subscribe('room:outage', (event) => void near.push(event))
      there.answer('sfu:outage', async () => 'there')
      await until('it answers', () => here.call('sfu:outage', 'x', {}).catch(() => undefined))

      await redis.stop()
      await until('the loss is noticed', () => !here.isUp() && !there.isUp())
      const before = process.memoryUsage().rss
      const big = 'x'.repeat(10_000)
      for (let n = 0; n < 50_000; n++) here.publish({ topic: 'room:nobody', name: 'lost', payload: big, seq: n })
      assert.ok(process.memoryUsage().rss - before < 250 << 20, 'what nobody can take is kept')
      here.publish({ topic: 'room:outage', name: 'lost', payload: null, seq: 1 })
      await until('who is here hears it', () => near.some((event) => event.name === 'lost'))
      await assert.rejects(here.call('sfu:outage', 'x', {}), (error) => error instanceof Refusal && error.failure.code === 'unavailable')
      here.answer('server:here', async () => 'here')
      assert.equal(await here.call('server:here', 'x', {}), 'here')
      const stop = there.subscribe('room:meanwhile', () => {})

      await redis.start()
      await until('both are up again', () => here.isUp() && there.isUp(), 10_000)
      assert.equal(await until('calls work again', () => here.call('sfu:outage', 'x', {}).catch(() => undefined)), 'there')
      await until('events come again', () => {
        here.publish({ topic: 'room:outage', name: 'after', payload: null, seq: null })
        return far.heard.some((event) => event.name === 'after')
      })
      assert.ok(!far.heard.some((event) => event.name === 'lost'))
      stop()
      await listening(here, there, 'room:meanwhile')
      await close()
    })

    test('a Redis that hangs is noticed, and what it missed is not kept for it', async () => {
      const { here, there, close } = await pair()
      const { heard } = await listening(here, there, 'room:hang')
      redis.hold()
      for (let n = 0; n < 30_000; n++) here.publish({ topic: 'room:hang', name: 'n', payload: n, seq: n })
      await until('it is noticed', () => !here.isUp() && !there.isUp())
      redis.goOn()
      await until('both are up again', () => here.isUp() && there.isUp(), 10_000)
      const again = await listening(here, there, 'room:hang')
      here.publish({ topic: 'room:hang', name: 'last', payload: null, seq: null })
      await until('it goes on', () => again.heard.some((event) => event.name === 'last'))
      const numbers = heard.filter((event) => event.name === 'n').map((event) => event.payload as number)
      assert.ok(numbers.length < 30_000)
      assert.deepEqual(
        numbers,
        [...numbers].sort((one, other) => one - other),
      )
      await close()
    })

    test('without Redis from the start a process starts, alone', async () => {
      const bus = redisBus({ url: 'redis://127.0.0.1:1', log, heartbeatMs: 100 })
      const { heard } = await listening(bus, bus, 'room:alone')
      bus.publish({ topic: 'room:alone', name: 'x', payload: 1, seq: 1 })
      await until('it is heard here', () => heard.length === 1)
      assert.equal(bus.isUp(), false)
      await bus.close()
    })
  })
