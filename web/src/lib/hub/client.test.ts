import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Reply } from '@atrium/protocol'
import { client, type Status } from './client.ts'
import type { Ears } from './transport.ts'

beforeEach(() => void vi.useFakeTimers({ now: 0 }))
afterEach(() => void vi.useRealTimers())

type Question = { name: string; input: unknown; answer(reply: Reply<unknown>): void; lose(): void }

function world({ isOurs = true } = {}) {
  let ears!: Ears
  const opens: number[] = []
  const questions: Question[] = []
  const told: unknown[] = []
  const states: Status[] = []
  const heard: unknown[] = []
  let isConnected = false
  const settings = { isOurs }
  const returned: (Reply<unknown> | undefined)[] = []

  const sut = client({
    now: Date.now,
    random: () => 0.5,
    welcome: {
      back: () => ({ input: { topics: [] }, answered: (reply) => (returned.push(reply), settings.isOurs ? undefined : 'someone_else') }),
      heard: (name) => void heard.push(name),
      changed: (status) => void states.push(status),
    },
    transport: {
      listen: (given) => void (ears = given),
      open: () => void opens.push(Date.now()),
      cut: () => {
        if (isConnected) drop()
      },
      tell: (name) => void told.push(name),
      ask: (name, input, timeoutMs) =>
        new Promise((resolve, reject) => {
          const timeout = setTimeout(() => reject(new Error('timeout')), timeoutMs)
          questions.push({
            name,
            input,
            answer(reply) {
              clearTimeout(timeout)
              ears.alive()
              resolve(reply)
            },
            lose() {
              clearTimeout(timeout)
              reject(new Error('disconnected'))
            },
          })
        }),
    },
  })
  const drop = () => {
    isConnected = false
    ears.closed()
    for (const question of questions) question.lose()
  }
  sut.start()
  return {
    sut,
    returned,
    opens,
    questions,
    told,
    states,
    heard,
    settings,
    ears: () => ears,
    drop,
    /** `answer`: to what the handshake asked. */
    async up(answer: Promise<Reply<unknown>> = Promise.resolve({ ok: true, data: {} })) {
      isConnected = true
      ears.greeting()
      ears.opened(answer)
      await vi.advanceTimersByTimeAsync(0)
    },
  }
}
const draft = { clientId: '0190c0de-0000-7000-8000-000000000001', roomId: '0190c0de-0000-7000-8000-000000000002', body: 'hello' } as never
const done = { ok: true, data: { seq: 1 } } as const

test('a call waits for the connection and brings the answer', async () => {
  const { sut, questions, up } = world()
  const call = sut.call('chat.send', draft)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(questions).toEqual([])

  await up()
  questions[0]!.answer(done)
  expect(await call).toEqual(done)
})

test('a lost answer is asked for again with the same clientId', async () => {
  const { sut, questions, up, drop } = world()
  await up()
  const call = sut.call('chat.send', draft)
  await vi.advanceTimersByTimeAsync(0)
  drop()
  await vi.advanceTimersByTimeAsync(5_000)
  await up()
  expect(questions.map((question) => question.input)).toEqual([draft, draft])
  questions[1]!.answer(done)
  expect(await call).toEqual(done)
})

test('after ten silent seconds the connection is given up, and the call goes on over the next', async () => {
  const { sut, questions, up, opens } = world()
  await up()
  const call = sut.call('chat.send', draft)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(sut.status).toEqual({ kind: 'reconnecting', since: 10_000 })
  await vi.advanceTimersByTimeAsync(300)
  expect(opens.length).toBe(2)
  await up()
  questions[1]!.answer(done)
  expect(await call).toEqual(done)
})

test('an answer that is late while others arrive does not cost the connection', async () => {
  const { sut, up, ears } = world()
  await up()
  void sut.call('chat.send', draft)
  await vi.advanceTimersByTimeAsync(9_000)
  ears().alive()
  await vi.advanceTimersByTimeAsync(2_000)
  expect(sut.status.kind).toBe('online')
})

test('too many calls: tried again when the hub said so', async () => {
  const { sut, questions, up } = world()
  await up()
  const call = sut.call('chat.send', draft)
  await vi.advanceTimersByTimeAsync(0)
  questions[0]!.answer({ ok: false, error: { code: 'rate_limited', key: 'rateLimited', retryAfterMs: 4_000 } })
  await vi.advanceTimersByTimeAsync(3_999)
  expect(questions.length).toBe(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(questions[1]!.input).toEqual(draft)
  questions[1]!.answer(done)
  expect(await call).toEqual(done)
})

test('a refusal is final', async () => {
  const { sut, questions, up } = world()
  await up()
  const call = sut.call('chat.send', draft)
  await vi.advanceTimersByTimeAsync(0)
  const refusal = { ok: false, error: { code: 'forbidden', key: 'chat.roomIsArchived' } } as const
  questions[0]!.answer(refusal)
  expect(await call).toEqual(refusal)
})

test('it tries again quickly at first, then every few seconds', async () => {
  const { opens, up, drop, ears } = world()
  await up()
  drop()
  for (let tries = 0; tries < 8; tries++) {
    await vi.advanceTimersByTimeAsync(6_000)
    ears().refused(undefined)
  }
  const waits = opens.slice(1).map((at) => at)
  expect(waits[0]).toBeLessThanOrEqual(500)
  expect(opens.length).toBeGreaterThanOrEqual(8)
})

test('a laptop that wakes up connects at once', async () => {
  const { sut, opens, up, drop, ears } = world()
  await up()
  drop()
  for (let tries = 0; tries < 6; tries++) {
    await vi.advanceTimersByTimeAsync(6_000)
    ears().refused(undefined)
  }
  const before = opens.length
  sut.wake()
  expect(opens.length).toBe(before + 1)
  expect(opens.at(-1)).toBe(Date.now())
})

test('a connection that died in its sleep is noticed within three seconds of waking', async () => {
  const { sut, up } = world()
  await up()
  await vi.advanceTimersByTimeAsync(60_000)
  sut.wake()
  await vi.advanceTimersByTimeAsync(3_000)
  expect(sut.status).toEqual({ kind: 'reconnecting', since: 63_000 })
})

test('a return is over when the handshake’s question is answered; then calls go on', async () => {
  const { sut, up, drop, returned, questions } = world()
  await up()
  expect(returned.splice(0)).toEqual([{ ok: true, data: {} }])
  drop()
  const call = sut.call('chat.send', draft)
  await vi.advanceTimersByTimeAsync(500)
  const { promise, resolve } = Promise.withResolvers<Reply<unknown>>()
  await up(promise)
  expect([sut.status.kind, questions]).toEqual(['reconnecting', []])

  resolve(done)
  await vi.advanceTimersByTimeAsync(0)
  expect([sut.status.kind, returned]).toEqual(['online', [done]])
  questions[0]!.answer(done)
  expect(await call).toEqual(done)
})

test('a return that the hub cannot answer now is tried again', async () => {
  const { sut, up, drop, returned, opens } = world()
  await up()
  returned.splice(0)
  drop()
  await vi.advanceTimersByTimeAsync(500)
  await up(Promise.resolve({ ok: false, error: { code: 'unavailable', key: 'unavailable' } }))
  await vi.advanceTimersByTimeAsync(1_000)
  await up(Promise.reject(new Error('unanswered')))
  await vi.advanceTimersByTimeAsync(2_000)
  expect([sut.status.kind, returned, opens.length]).toEqual(['reconnecting', [undefined, undefined], 4])
  await up()
  expect(sut.status.kind).toBe('online')
})

test('a locked person is out, and hears why', async () => {
  const { sut, up, ears, drop, states } = world()
  await up()
  ears().heard('hub.ending', { ending: 'account_locked' }, 'account:1')
  drop()
  await vi.advanceTimersByTimeAsync(1)
  ears().refused({ error: { code: 'unauthenticated', key: 'unauthenticated' } })
  expect(states.at(-1)).toEqual({ kind: 'ended', ending: 'account_locked' })
  expect(await sut.call('chat.send', draft)).toMatchObject({ ok: false, error: { code: 'unauthenticated' } })
})

test('who changed the password on this page stays: the new cookie opens the door', async () => {
  const { sut, up, ears, drop } = world()
  await up()
  ears().heard('hub.ending', { ending: 'password_changed' }, 'account:1')
  drop()
  await vi.advanceTimersByTimeAsync(1)
  await up()
  expect(sut.status.kind).toBe('online')
})

test.for(['first', 'later'])('a cookie that is somebody else’s ends the page before a call goes out: %s connection', async (which) => {
  const { sut, up, drop, settings, questions } = world()
  if (which === 'later') {
    await up()
    drop()
  }
  const call = sut.call('chat.send', draft)
  settings.isOurs = false
  await vi.advanceTimersByTimeAsync(500)
  await up()
  expect(sut.status).toEqual({ kind: 'ended', ending: 'someone_else' })
  expect(questions).toEqual([])
  expect(await call).toMatchObject({ ok: false })
})

test('a page too old for its hub is told to load again', async () => {
  const { sut, ears } = world()
  ears().refused({ ending: 'client_too_old' })
  expect(sut.status).toEqual({ kind: 'ended', ending: 'client_too_old' })
})

test('a nudge that nobody can hear is dropped', async () => {
  const { sut, up, drop, told } = world()
  sut.nudge('chat.typing', { roomId: 'r' } as never)
  await up()
  sut.nudge('chat.typing', { roomId: 'r' } as never)
  drop()
  sut.nudge('chat.typing', { roomId: 'r' } as never)
  expect(told).toEqual(['chat.typing'])
})

test('what nobody wants any more is not asked again', async () => {
  const { sut, questions, up } = world()
  await up()
  let isWanted = true
  const call = sut.call('chat.send', draft, () => isWanted)
  await vi.advanceTimersByTimeAsync(0)
  isWanted = false
  questions[0]!.answer({ ok: false, error: { code: 'unavailable', key: 'unavailable' } })
  await vi.advanceTimersByTimeAsync(5_000)
  expect(await call).toEqual({ ok: false, error: { code: 'unavailable', key: 'unavailable' } })
  expect(questions).toHaveLength(1)
})
