import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Delta, Position, Reply } from '@atrium/protocol'
import { feed } from './feed.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const room = 'room:7'
const me = 'account:1'
const ok = <T>(data: T): Reply<T> => ({ ok: true, data })

/** A hub of which only the numbers matter: a journal per topic that answers as the real one does. */
function world({ page = 500, backlog = 5_000, isConnected = true } = {}) {
  const journal = new Map<string, string[]>([
    [room, []],
    [me, []],
  ])
  const hidden = new Set<string>()
  const asked: Position[][] = []
  const watched: string[][] = []
  /** Where the topics stood that it named when it came back. */
  const returns: Position[][] = []
  const hub = { epoch: 'e1', isOnline: true }
  const seqOf = (topic: string) => journal.get(topic)?.length ?? 0

  const watching = (topics: string[]) => ({
    epoch: hub.epoch,
    watching: topics.filter((topic) => journal.has(topic) && !hidden.has(topic)).map((topic) => ({ topic, seq: seqOf(topic) })),
    missed: [] as Delta[],
  })
  const missedSince = (epoch: string, positions: Position[]): Delta[] =>
    positions.map(({ topic, seq }): Delta => {
      if (hidden.has(topic)) return { kind: 'not_found', topic }
      if (epoch !== hub.epoch || seqOf(topic) - seq > backlog) return { kind: 'reset', topic }
      const facts = journal.get(topic)!.slice(seq, seq + page)
      const reached = seq + facts.length
      return {
        kind: 'delta',
        topic,
        seq: reached,
        hasMore: reached < seqOf(topic),
        facts: facts.map((payload, i) => ({ name: 'said', payload, at: { topic, seq: seq + 1 + i } })),
      }
    })
  const sut = feed({
    ownTopic: me,
    async watch(topics) {
      watched.push(topics)
      return ok(watching(topics))
    },
    async since(epoch, positions) {
      asked.push(positions)
      return ok(missedSince(epoch, positions))
    },
  })
  if (isConnected) sut.back().answered(ok(watching([me])))

  return {
    sut,
    hub,
    asked,
    watched,
    watching,
    hidden,
    journal,
    /** Something happens; `deliver` decides which of the numbers reach this screen, and in what order. */
    say(words: string[], deliver?: number[], topic = room) {
      const from = seqOf(topic)
      journal.get(topic)!.push(...words)
      for (const seq of deliver ?? words.map((_, i) => from + 1 + i)) sut.heard('said', journal.get(topic)![seq - 1], { topic, seq })
    },
    screen(topic = room) {
      const shown = {
        words: [] as string[],
        loads: 0,
        isGone: false,
        signals: [] as unknown[],
        gate: undefined as Promise<void> | undefined,
      }
      const followed = sut.follow(topic, {
        async load() {
          if (hidden.has(topic)) return undefined
          const words = [...journal.get(topic)!]
          const epoch = hub.epoch
          await shown.gate
          shown.loads++
          shown.words = words
          return { at: { topic, seq: words.length }, epoch }
        },
        apply: (_name, payload) => void shown.words.push(payload as string),
        signal: (_name, payload) => void shown.signals.push(payload),
        gone: () => void (shown.isGone = true),
      })
      return Object.assign(shown, followed)
    },
    returns,
    again() {
      const { input, answered } = sut.back()
      const { topics, since } = input as { topics: string[]; since?: { epoch: string; positions: Position[] } }
      returns.push(since?.positions ?? [])
      return answered(ok({ ...watching(topics), missed: since ? missedSince(since.epoch, since.positions) : [] }))
    },
    calm: () => vi.advanceTimersByTimeAsync(1_000),
  }
}

test('the first connection watches what is on screen by then, and what comes while it is answered is watched after it', async () => {
  const { sut, screen, calm, watched, watching } = world({ isConnected: false })
  screen()
  await calm()
  sut.back().answered()
  const { input, answered } = sut.back()
  expect([watched, input]).toMatchObject([[], { topics: [me, room] }])

  sut.overhear('room:8')
  answered(ok(watching([me, room])))
  await calm()
  expect(watched).toEqual([[me, room, 'room:8']])
})

test('facts are applied as they come, each once', async () => {
  const { say, screen, calm, asked } = world()
  const shown = screen()
  await calm()

  say(['a', 'b'])
  say([], [1, 2, 2])
  expect(shown.words).toEqual(['a', 'b'])
  await calm()
  expect(asked).toEqual([])
})

test('who follows again from where they left loads nothing, and hears what they missed', async () => {
  const { say, screen, sut, calm, hub } = world()
  const shown = screen()
  await calm()
  say(['a'])
  const stood = shown.leave()
  say(['b', 'c'], [])

  const heard: unknown[] = []
  const follower = { load: async () => void heard.push('loaded'), apply: (_name: string, payload: unknown) => void heard.push(payload) }
  const again = sut.follow(room, follower, stood)
  await again.ready
  expect(heard).toEqual([])
  await calm()
  expect(heard).toEqual(['b', 'c'])
  say(['d'])
  expect(heard).toEqual(['b', 'c', 'd'])

  const later = again.leave()
  hub.epoch = 'e2'
  screen()
  await calm()
  sut.follow(room, follower, later)
  await calm()
  expect(heard.at(-1)).toBe('loaded')
})

test('what overtook is put in order without asking', async () => {
  const { say, screen, calm, asked } = world()
  const shown = screen()
  await calm()

  say(['a', 'b', 'c'], [3, 1, 2])
  expect(shown.words).toEqual(['a', 'b', 'c'])
  await calm()
  expect(asked).toEqual([])
})

test('a gap is held for 150 ms, then asked for once', async () => {
  const { say, screen, calm, asked } = world()
  const shown = screen()
  await calm()

  say(['a', 'b', 'c', 'd'], [1, 3, 4])
  await vi.advanceTimersByTimeAsync(149)
  expect(shown.words).toEqual(['a'])
  expect(asked).toEqual([])

  await vi.advanceTimersByTimeAsync(2)
  expect(shown.words).toEqual(['a', 'b', 'c', 'd'])
  expect(asked).toEqual([[{ topic: room, seq: 1 }]])
})

test('what was missed comes in pages', async () => {
  const { say, screen, calm, asked } = world({ page: 3 })
  const shown = screen()
  await calm()

  say(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], [8])
  await calm()
  expect(shown.words.join('')).toBe('abcdefgh')
  expect(asked.map(([at]) => at!.seq)).toEqual([0, 3, 6])
})

test('what happens while a topic loads is neither lost nor doubled', async () => {
  const { say, screen, calm, asked } = world()
  say(['a'])
  const gate = Promise.withResolvers<void>()
  const shown = screen()
  await calm()
  shown.gate = gate.promise
  shown.leave()

  const late = screen()
  late.gate = gate.promise
  await vi.advanceTimersByTimeAsync(0)
  say(['b', 'c'])
  gate.resolve()
  await late.ready
  expect(late.words).toEqual(['a', 'b', 'c'])
  await calm()
  expect(late.words).toEqual(['a', 'b', 'c'])
  expect(asked).toEqual([])
})

test('a fact between loading and watching is asked for', async () => {
  const { say, screen, calm, asked } = world()
  const shown = screen()
  // The state was read already; the watch is answered after this, and nothing is delivered.
  say(['a'], [])
  await calm()
  expect(shown.words).toEqual(['a'])
  expect(asked).toEqual([[{ topic: room, seq: 0 }]])
})

test('who comes back says where each topic stood, and is told in the same answer what all of them missed', async () => {
  const { say, screen, calm, asked, returns, again } = world()
  const shown = screen()
  const mine = screen(me)
  await calm()

  say(['a', 'b'], [])
  say(['x'], [], me)
  expect(again()).toBeUndefined()
  await calm()
  expect(shown.words).toEqual(['a', 'b'])
  expect(mine.words).toEqual(['x'])
  expect(returns).toEqual([
    [
      { topic: me, seq: 0 },
      { topic: room, seq: 0 },
    ],
  ])
  expect(asked).toEqual([])
})

test('what is too long for that answer is asked for page by page', async () => {
  const { say, screen, calm, asked, again } = world({ page: 2 })
  const shown = screen()
  await calm()
  say(['a', 'b', 'c', 'd', 'e'], [])
  again()
  await calm()
  expect(shown.words).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(asked.flat().map(({ seq }) => seq)).toEqual([2, 4])
})

test('nothing missed, nothing asked', async () => {
  const { say, screen, calm, asked, again } = world()
  screen()
  await calm()
  say(['a'])
  again()
  await calm()
  expect(asked).toEqual([])
})

test('too much missed: loaded afresh', async () => {
  const { say, screen, calm, again } = world({ backlog: 2 })
  const shown = screen()
  await calm()
  say(['a', 'b', 'c', 'd'], [])
  again()
  await calm()
  expect(shown.loads).toBe(2)
  expect(shown.words).toEqual(['a', 'b', 'c', 'd'])
  say(['e'])
  expect(shown.words.at(-1)).toBe('e')
})

test('another epoch: everything is loaded afresh, even where numbers look right', async () => {
  const { say, screen, calm, again, hub, journal } = world()
  const shown = screen()
  const mine = screen(me)
  await calm()
  say(['a', 'b'])

  journal.set(room, ['a', 'z'])
  hub.epoch = 'e2'
  again()
  await calm()
  expect(shown.words).toEqual(['a', 'z'])
  expect([shown.loads, mine.loads]).toEqual([2, 2])
})

test('a topic that may be heard no longer is let go', async () => {
  const { say, screen, calm, again, hidden, watched } = world()
  const shown = screen()
  await calm()
  say(['a'])
  hidden.add(room)
  again()
  await calm()
  expect(shown.isGone).toBe(true)
  expect(watched.at(-1)).toEqual([me])
})

test('a topic that does not exist is gone at once', async () => {
  const { screen, calm, hidden } = world()
  hidden.add(room)
  const shown = screen()
  await shown.ready
  await calm()
  expect(shown.isGone).toBe(true)
})

test("a session that became somebody else's is noticed", async () => {
  const { screen, calm, again, hidden } = world()
  screen()
  await calm()
  hidden.add(me)
  expect(again()).toBe('someone_else')
})

test('what left the screen is applied no longer and watched no longer', async () => {
  const { say, screen, calm, watched } = world()
  const shown = screen()
  await calm()
  shown.leave()
  say(['a'])
  await calm()
  expect(shown.words).toEqual([])
  expect(watched.at(-1)).toEqual([me])
})

test('signals reach the screen and whoever overhears, and are numbered by nobody', async () => {
  const { sut, screen, calm } = world()
  const shown = screen()
  const states: unknown[] = []
  const stop = sut.overhear('presence:2', (_name, payload) => states.push(payload))
  await calm()

  sut.heard('chat.typed', 'bob types', room)
  sut.heard('presence.changing', 'away', 'presence:2')
  stop()
  sut.heard('presence.changing', 'offline', 'presence:2')
  expect(shown.signals).toEqual(['bob types'])
  expect(states).toEqual(['away'])
})

test('the hub is told what is watched only when that is something else', async () => {
  const { sut, screen, calm, watched } = world()
  screen()
  await calm()
  const said = () => watched.splice(0)
  said()
  // It is on screen anyway; and what is left and taken up again at once was never left.
  sut.overhear(room)
  let stop = sut.overhear('presence:2')
  await calm()
  expect(said()).toEqual([[me, room, 'presence:2']])
  stop()
  stop = sut.overhear('presence:2')
  await calm()
  expect(said()).toEqual([])
  stop()
  await calm()
  expect(said()).toEqual([[me, room]])
})

test('of two tellings of what is watched only the last is repeated, and one that is refused is told again later', async () => {
  const asked: { topics: string[]; isWanted: () => boolean; answer: (reply: Reply<never>) => void }[] = []
  const sut = feed({
    ownTopic: me,
    watch: (topics, isWanted) => new Promise((answer) => asked.push({ topics, isWanted, answer })),
    since: async () => ok([]),
  })
  sut.back().answered(ok({ epoch: 'e1', watching: [{ topic: me, seq: 0 }], missed: [] }))
  sut.overhear('presence:2')
  await vi.advanceTimersByTimeAsync(0)
  sut.overhear('presence:3')
  await vi.advanceTimersByTimeAsync(0)
  expect(asked.map(({ topics, isWanted }) => [topics.length, isWanted()])).toEqual([
    [2, false],
    [3, true],
  ])
  asked[0]!.answer({ ok: false, error: { code: 'unavailable', key: 'unavailable' } })
  asked[1]!.answer({ ok: false, error: { code: 'internal', key: 'internal' } })
  await vi.advanceTimersByTimeAsync(4_000)
  expect(asked.length).toBe(2)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(asked.slice(2).map(({ topics }) => topics)).toEqual([[me, 'presence:2', 'presence:3']])
})

test('what the hub says to many at once reaches each one’s own topic', async () => {
  const { sut, screen, calm } = world()
  const shown = screen(me)
  await calm()
  sut.heard('chat.stirring', 'something stirred', 'account:me')
  expect(shown.signals).toEqual(['something stirred'])
})

test('who only listens hears what happens from now on, and is told when that begins and when something cannot be told any more', async () => {
  const { sut, say, calm, again, hub } = world()
  say(['before'])
  const shown: unknown[] = []
  let renewed = 0
  sut.follow(room, { apply: (_name, payload) => void shown.push(payload), renew: () => void renewed++ })
  const told: unknown[] = []
  sut.listen(room, { apply: (_name, payload) => void told.push(payload), renewed: () => void told.push('renewed') })
  await calm()
  say(['a'])
  say(['b'], [])
  again()
  await calm()
  expect(shown).toEqual(['a', 'b'])
  hub.epoch = 'e2'
  again()
  await calm()
  say(['c'])
  expect([shown.at(-1), renewed]).toEqual(['c', 1])
  // What was told before they heard, they ask for when they are told so.
  expect(told).toEqual(['renewed', 'a', 'b', 'renewed', 'c'])
})

test('who asked over this connection asks again only when something happened between its begin and what is on screen', async () => {
  const heard = async (meanwhile: string[]) => {
    const { sut, say, screen, calm, watching } = world({ isConnected: false })
    const atFirst = ok(watching([me, room]))
    say(meanwhile, [])
    screen()
    const told: string[] = []
    sut.listen(room, { apply: () => told.push('fact'), renewed: () => told.push('renewed'), begins: () => told.push('begins') })
    sut.back().answered(atFirst)
    await calm()
    return told
  }
  expect(await heard([])).toEqual(['begins'])
  expect(await heard(['something'])).toEqual(['renewed'])
})

test('of two loads asked for, the later one counts', async () => {
  const { sut, say, screen, calm } = world()
  const shown = screen()
  await calm()
  const slow = Promise.withResolvers<void>()
  shown.gate = slow.promise
  const first = sut.reload(room)
  shown.gate = undefined
  await sut.reload(room)
  say(['a'])
  slow.resolve()
  await first
  expect(sut.seqOf(room)).toBe(1)
})

test.each(Array.from({ length: 30 }, (_, seed) => seed + 1))(
  'whatever is lost, doubled or overtaken, the screen ends as the journal (seed %i)',
  async (seed) => {
    let state = seed
    const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
    const { say, screen, calm, again, journal, sut } = world({ page: 4, backlog: 60 })
    const shown = screen()
    await calm()

    const wire: number[] = []
    for (let said = 0; said < 200; said++) {
      say([`w${said}`], [])
      const seq = journal.get(room)!.length
      if (random() < 0.85) wire.push(seq)
      if (random() < 0.2) wire.push(1 + Math.floor(random() * seq))
      wire.sort(() => random() - 0.5)
      while (wire.length > random() * 6) {
        const next = wire.pop()!
        sut.heard('said', journal.get(room)![next - 1], { topic: room, seq: next })
      }
      if (random() < 0.1) await vi.advanceTimersByTimeAsync(random() * 300)
      if (random() < 0.03) again()
    }
    again()
    await calm()
    expect(shown.words).toEqual(journal.get(room))
  },
)

test('who listens hears each fact once, after its follower, and is told of what was loaded afresh', async () => {
  const { sut, say, screen } = world()
  const heard: string[] = []
  const stop = sut.listen(room, { apply: (_, payload) => void heard.push(payload as string), renewed: () => void heard.push('renewed') })
  const shown = screen()
  await vi.advanceTimersByTimeAsync(0)
  say(['one', 'two', 'three'], [1, 3])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(shown.words).toEqual(['one', 'two', 'three'])
  expect(heard).toEqual(['renewed', 'one', 'two', 'three'])
  stop()
  say(['four'])
  expect(heard).not.toContain('four')
})
