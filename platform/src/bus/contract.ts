import assert from 'node:assert/strict'
import { afterAll, beforeAll, test } from 'vitest'
import { fail, Refusal } from '../errors.ts'
import { until } from '../testing/index.ts'
import type { Bus, Event } from './index.ts'

export interface BusUnderTest {
  /** Two ends of the bus: two processes, or twice the same one. */
  here: Bus
  there: Bus
  /** References of the bugs that were told. */
  bugs: string[]
  close(): Promise<void>
}

const signal = (topic: string, name: string, payload: unknown = null): Event => ({ topic, name, payload, seq: null })

/** Hears a topic, and knows that it does: a subscription takes effect a moment after it was asked for. */
export async function listening(from: Bus, at: Bus, topic: string) {
  const heard: Event[] = []
  let isLinked = false
  const stop = at.subscribe(topic, (event) => void (event.name === 'probe' ? (isLinked = true) : heard.push(event)))
  await until(`${topic} is heard`, () => {
    from.publish(signal(topic, 'probe'))
    return isLinked
  })
  return { heard, stop }
}

/** What every adapter of the port keeps. */
export function busContract(name: string, open: () => Promise<BusUnderTest>): void {
  let { here, there, bugs, close } = {} as BusUnderTest
  beforeAll(async () => {
    ;({ here, there, bugs, close } = await open())
  })
  afterAll(() => close())
  const topic = () => `room:${crypto.randomUUID()}`
  const address = () => `sfu:${crypto.randomUUID()}`
  const isUnavailable = (error: unknown) => error instanceof Refusal && error.failure.code === 'unavailable'
  /** Asks until somebody is there: an address takes effect a moment after it was taken. */
  const reached = (at: string, operation: string, input: unknown = {}) =>
    until(`${at} is reached`, async (): Promise<{ answer: unknown } | undefined> => {
      try {
        return { answer: await here.call(at, operation, input) }
      } catch (error) {
        if (isUnavailable(error)) return undefined
        throw error
      }
    })

  test(`${name}: everybody who listens hears, the publisher's own end too, once and whole`, async () => {
    const room = topic()
    const [near, far, other] = [
      await listening(there, here, room),
      await listening(here, there, room),
      await listening(here, there, topic()),
    ]
    const fact: Event = { topic: room, name: 'chat.message.sent', payload: { body: 'Grüße 👋\u2028', list: [1, null] }, seq: 7 }
    here.publish(fact)
    there.publish(signal(room, 'last'))
    for (const { heard } of [near, far]) await until('both came', () => heard.length >= 2)
    for (const { heard } of [near, far])
      assert.deepEqual(
        heard.filter((event) => event.name !== 'last'),
        [fact],
      )
    assert.deepEqual(other.heard, [])
  })

  test(`${name}: a topic's events come in the order they were published`, async () => {
    const { heard } = await listening(here, there, 'room:order')
    for (let n = 0; n < 1_000; n++) here.publish({ topic: 'room:order', name: 'n', payload: n, seq: n })
    await until('all came', () => heard.length === 1_000)
    assert.deepEqual(
      heard.map((event) => event.seq),
      Array.from({ length: 1_000 }, (_, n) => n),
    )
  })

  test(`${name}: what a listener does to an event, another does not see`, async () => {
    const room = topic()
    const first = await listening(here, there, room)
    there.subscribe(room, ({ payload }) => void (payload && Object.assign(payload, { isSpoilt: true })))
    const last = await listening(here, there, room)
    const payload = { isSpoilt: false }
    here.publish(signal(room, 'x', payload))
    await until('it came', () => last.heard.length > 0)
    assert.deepEqual(
      [first.heard[0]?.payload, last.heard[0]?.payload, payload],
      [{ isSpoilt: false }, { isSpoilt: false }, { isSpoilt: false }],
    )
  })

  test(`${name}: who left hears nothing more, who came back hears again`, async () => {
    const room = topic()
    const left = await listening(here, there, room)
    const stays = await listening(here, there, room)
    left.stop()
    left.stop()
    here.publish(signal(room, 'one'))
    await until('the other hears', () => stays.heard.length === 1)
    stays.stop()
    const again = await listening(here, there, room)
    here.publish(signal(room, 'two'))
    await until('it is heard', () => again.heard.length === 1)
    assert.deepEqual([left.heard.length, stays.heard.length], [0, 1])
  })

  test(`${name}: a call is answered by whoever has the address`, async () => {
    const at = address()
    const stop = there.answer(at, async (operation, input) => ({ operation, input }))
    assert.deepEqual(await reached(at, 'room.open', { id: 7 }), { answer: { operation: 'room.open', input: { id: 7 } } })
    const many = await Promise.all(Array.from({ length: 100 }, (_, n) => here.call(at, 'n', n)))
    assert.deepEqual(
      many,
      Array.from({ length: 100 }, (_, n) => ({ operation: 'n', input: n })),
    )
    stop()
    await until('it answers no more', () => here.call(at, 'x', {}).then(() => false, isUnavailable))
  })

  test(`${name}: a refusal arrives as it was, a bug as a reference`, async () => {
    const at = address()
    there.answer(at, async (operation) => {
      if (operation === 'refuse') throw fail('over_quota', 'overQuota', { params: { limit: 3 } })
      if (operation === 'break') throw new Error('a private detail')
      return undefined
    })
    assert.equal((await reached(at, 'nothing')).answer ?? undefined, undefined)
    await assert.rejects(here.call(at, 'refuse', {}), (error) => {
      assert.ok(error instanceof Refusal)
      assert.deepEqual(error.failure, { code: 'over_quota', key: 'overQuota', params: { limit: 3 } })
      return true
    })
    await assert.rejects(here.call(at, 'break', {}), (error) => {
      assert.ok(error instanceof Refusal && error.failure.code === 'internal')
      assert.ok(bugs.includes(error.failure.ref!))
      return true
    })
  })

  test(`${name}: nobody there, or nobody in time, is unavailable`, async () => {
    await assert.rejects(here.call(address(), 'x', {}), isUnavailable)
    const at = address()
    let asked = 0
    there.answer(at, (operation) => (operation === 'hello' ? Promise.resolve(1) : (asked++, new Promise(() => {}))))
    await reached(at, 'hello')
    await assert.rejects(here.call(at, 'wait', {}, 30), isUnavailable)
    assert.equal(asked, 1)
  })
}
