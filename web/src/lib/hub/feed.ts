import type { Delta, Position, Reply } from '@atrium/protocol'
import type { Return } from './client.ts'

/** Somebody who shows what a topic tells. */
export interface Follower {
  /**
   * Fetches everything afresh and says where that stands; undefined: it does not exist (for us). A follower without it
   * hears what happens from now on, and `renew` when something was missed that cannot be told any more.
   */
  load?(): Promise<{ at: Position; epoch: string } | undefined>
  renew?(): void
  /** Facts in order, each once. A payload of null: a later fact replaced it. */
  apply(name: string, payload: unknown, seq: number): void
  /** What is forgotten as soon as it was said. */
  signal?(name: string, payload: unknown): void
  /** We may hear it no longer. */
  gone?(): void
}

/** How far somebody who left had come: following again from there, they hear what they missed and load nothing. */
export interface Stood {
  seq: number
  epoch: string
}

/** Somebody who hears what a topic tells, and shows something that is asked for elsewhere. */
export interface Ears {
  apply(name: string, payload: unknown): void
  /** Facts may have been missed since the connection began: what was asked for is asked for again. */
  renewed(): void
  /** The topic begins to be heard: for what was known before there was a connection. Who listens later is not told of it. */
  begins?(): void
}

export interface Feed {
  /** Puts a topic on screen until it is left. `ready` resolves when its first state is there. */
  follow(topic: string, follower: Follower, stood?: Stood): { ready: Promise<void>; leave(): Stood | undefined }
  /** Puts a topic on screen of which only what is momentary matters: nothing is loaded, nothing missed is asked for. */
  overhear(topic: string, signal?: (name: string, payload: unknown) => void): () => void
  /** Hears the facts of a topic that is on screen anyway, after its follower. */
  listen(topic: string, ears: Ears): () => void
  /** Loads a topic afresh: its screen wants another stretch of it. Resolves when it is there. */
  reload(topic: string): Promise<void>
  /** How far a topic was applied; undefined while it is not loaded. */
  seqOf(topic: string): number | undefined
  /** From the connection. */
  heard(name: string, payload: unknown, at: unknown): void
  /** With each connection, and when the page woke up: watches everything, and asks for what was missed. */
  back(): Return
}

type Watched = { epoch: string; watching: Position[]; missed: Delta[] }
interface Fact {
  name: string
  payload: unknown
  seq: number
}

interface Thread {
  follower: Follower
  /** Undefined while it loads: facts are kept aside until then. */
  last: number | undefined
  aside: Map<number, Fact>
  hold: ReturnType<typeof setTimeout> | undefined
  isAsking: boolean
  round: number
  /** Where the hub said it stands when we began to watch. */
  standing: number | undefined
  /** Where it stood when the connection began, as long as nothing was loaded: whoever asked over it has not missed anything until then. */
  begunAt: number | undefined
  ready: PromiseWithResolvers<void>
}

const holdMs = 150
const mostTopics = 500
/** What the hub refuses once it may take later. */
const againMs = 5_000

export interface FeedDeps {
  /** Repeated until it is answered, as long as it is what `isWanted`: an older one must not come after a newer. */
  watch(topics: string[], isWanted: () => boolean): Promise<Reply<Watched>>
  since(epoch: string, positions: Position[]): Promise<Reply<Delta[]>>
  /** A topic that is always ours: when the hub does not let us watch it, the session belongs to somebody else. */
  ownTopic: string
}

const keyOf = (topics: readonly string[]) => topics.toSorted().join()

/** What the hub says to many at once in one packet, it cannot address to each account by its id. */
const everybodysOwn = 'account:me'

/**
 * The arithmetic of facts: what comes next is applied, what came already is dropped, and a gap is held for a moment (two
 * servers may overtake each other) and then asked for.
 */
export function feed({ watch, since, ownTopic }: FeedDeps): Feed {
  const threads = new Map<string, Thread>()
  const overheard = new Map<string, Set<(name: string, payload: unknown) => void>>()
  const listeners = new Map<string, Set<Ears>>()
  let epoch: string | undefined
  /** Before the first connection is answered nothing is watched one by one: it asks for all that is on screen by then. */
  let hasBegun = false
  let isWatchDue = false
  /** What the hub knows that we watch; undefined: where that stands now is to be asked. */
  let told: string | undefined
  /** Counts what the hub was told of that: only the last counts. */
  let telling = 0

  const topics = () => [...new Set([ownTopic, ...threads.keys(), ...overheard.keys()])].slice(0, mostTopics)

  /** Tells the hub what is on screen by then, if it does not know. */
  function watchSoon() {
    if (isWatchDue || !hasBegun) return
    isWatchDue = true
    queueMicrotask(async () => {
      isWatchDue = false
      const now = topics()
      const key = keyOf(now)
      if (key === told) return
      told = key
      const mine = ++telling
      const isLast = () => mine === telling
      const reply = await watch(now, isLast)
      if (reply.ok) return stand(reply.data)
      if (!isLast() || reply.error.code === 'unauthenticated') return
      told = undefined
      setTimeout(watchSoon, againMs)
    })
  }

  /** What the hub said of where topics stand: those that are behind ask for the rest. */
  function stand(watched: Watched) {
    if (epoch !== undefined && watched.epoch !== epoch) {
      epoch = watched.epoch
      for (const [topic, thread] of threads) void loadAnew(topic, thread)
      return
    }
    const at = new Map(watched.watching.map(({ topic, seq }) => [topic, seq]))
    epoch ??= watched.epoch
    for (const [topic, thread] of threads) {
      thread.standing = at.get(topic)
      if (thread.follower.load || thread.last !== undefined || thread.standing === undefined) continue
      thread.last = thread.standing
      begun(topic, thread, thread.standing)
      drain(topic, thread)
    }
    // A topic that was left out may be ours no longer: what was said while it was, and the answer to that, `sync.since` knows.
    askFor([...threads].filter(([topic, { last }]) => last !== undefined && !(last >= (at.get(topic) ?? Infinity))).map(([topic]) => topic))
  }

  /** The hub was restored from a backup: its numbers are others. */
  function loadAnew(topic: string, thread: Thread) {
    thread.begunAt = undefined
    return load(topic, thread)
  }

  async function load(topic: string, thread: Thread) {
    thread.last = undefined
    clearTimeout(thread.hold)
    thread.hold = undefined
    if (!thread.follower.load) {
      thread.follower.renew?.()
      told = undefined
      return watchSoon()
    }
    const round = ++thread.round
    const loaded = await thread.follower.load()
    // Somebody asked for another stretch meanwhile: that one counts.
    if (round !== thread.round) return
    if (threads.get(topic) !== thread) return
    if (!loaded) return lose(topic, thread)
    if (epoch !== undefined && loaded.epoch !== epoch) {
      // The hub was restored from a backup between two answers: nothing that was loaded before counts.
      epoch = loaded.epoch
      thread.begunAt = undefined
      for (const [other, stale] of threads) if (stale !== thread) void loadAnew(other, stale)
    }
    epoch = loaded.epoch
    thread.last = loaded.at.seq
    begun(topic, thread, loaded.at.seq)
    drain(topic, thread)
    if (thread.last !== undefined && thread.standing !== undefined && thread.standing > thread.last) askFor([topic])
  }

  /** Its follower shows it as of this number. */
  function begun(topic: string, thread: Thread, seq: number) {
    thread.ready.resolve()
    const isWhole = thread.begunAt === seq
    thread.begunAt = undefined
    for (const ears of listeners.get(topic) ?? [])
      if (!isWhole) ears.renewed()
      else ears.begins?.()
  }

  function lose(topic: string, thread: Thread) {
    clearTimeout(thread.hold)
    threads.delete(topic)
    thread.ready.resolve()
    thread.follower.gone?.()
    watchSoon()
  }

  function take(topic: string, thread: Thread, fact: Fact) {
    if (thread.last !== undefined && fact.seq <= thread.last) return
    thread.aside.set(fact.seq, fact)
    drain(topic, thread)
  }

  function applied(topic: string, thread: Thread, { name, payload, seq }: Fact) {
    thread.follower.apply(name, payload, seq)
    for (const ears of listeners.get(topic) ?? []) ears.apply(name, payload)
  }

  function drain(topic: string, thread: Thread) {
    if (thread.last === undefined) return
    for (let fact = thread.aside.get(thread.last + 1); fact; fact = thread.aside.get(thread.last + 1)) {
      thread.aside.delete(fact.seq)
      thread.last = fact.seq
      applied(topic, thread, fact)
    }
    for (const seq of thread.aside.keys()) if (seq <= thread.last) thread.aside.delete(seq)
    if (thread.aside.size === 0) {
      clearTimeout(thread.hold)
      thread.hold = undefined
    } else if (!thread.isAsking) {
      thread.hold ??= setTimeout(() => {
        thread.hold = undefined
        askFor([topic])
      }, holdMs)
    }
  }

  interface Asked {
    topic: string
    thread: Thread
    seq: number
  }

  /** Those of the topics that can be asked for, with where they stand; until `answered` they are not asked for again. */
  function asking(names: Iterable<string>): Asked[] {
    const asked = [...names].flatMap((topic) => {
      const thread = threads.get(topic)
      return thread && thread.last !== undefined && !thread.isAsking ? [{ topic, thread, seq: thread.last }] : []
    })
    for (const { thread } of asked) {
      thread.isAsking = true
      clearTimeout(thread.hold)
      thread.hold = undefined
    }
    return asked
  }

  /** Takes over what was missed. Resolves to the topics of which there is more. */
  function answered(asked: readonly Asked[], deltas: readonly Delta[]): string[] {
    for (const { thread } of asked) thread.isAsking = false
    const more: string[] = []
    for (const delta of deltas) {
      const thread = threads.get(delta.topic)
      if (!thread || !asked.some((one) => one.thread === thread)) continue
      if (delta.kind === 'not_found') lose(delta.topic, thread)
      else if (delta.kind === 'reset') load(delta.topic, thread)
      else if (thread.last !== undefined) {
        for (const { name, payload, at } of delta.facts) {
          if (at.seq <= thread.last) continue
          thread.last = at.seq
          applied(delta.topic, thread, { name, payload, seq: at.seq })
        }
        // Numbers that were not mine to hear are passed over.
        thread.last = Math.max(thread.last, delta.seq)
        drain(delta.topic, thread)
        if (delta.hasMore) more.push(delta.topic)
      }
    }
    return more
  }

  const positionsOf = (asked: readonly Asked[]): Position[] => asked.map(({ topic, seq }) => ({ topic, seq }))

  async function askFor(names: string[]) {
    if (epoch === undefined) return
    const asked = asking(names)
    if (asked.length === 0) return
    const reply = await since(epoch, positionsOf(asked))
    const more = answered(asked, reply.ok ? reply.data : [])
    if (more.length > 0) await askFor(more)
  }

  return {
    follow(topic, follower, stood) {
      const thread: Thread = {
        follower,
        last: stood && stood.epoch === epoch ? stood.seq : undefined,
        aside: new Map(),
        hold: undefined,
        isAsking: false,
        round: 0,
        standing: undefined,
        begunAt: undefined,
        ready: Promise.withResolvers(),
      }
      threads.set(topic, thread)
      told = undefined
      watchSoon()
      if (thread.last !== undefined) thread.ready.resolve()
      else if (follower.load) load(topic, thread)
      return {
        ready: thread.ready.promise,
        leave() {
          if (threads.get(topic) !== thread) return undefined
          clearTimeout(thread.hold)
          threads.delete(topic)
          watchSoon()
          return thread.last !== undefined && epoch !== undefined ? { seq: thread.last, epoch } : undefined
        },
      }
    },

    overhear(topic, signal = () => {}) {
      const ears = overheard.get(topic) ?? new Set()
      if (ears.size === 0) watchSoon()
      overheard.set(topic, ears.add(signal))
      return () => {
        ears.delete(signal)
        if (ears.size > 0 || overheard.get(topic) !== ears) return
        overheard.delete(topic)
        watchSoon()
      }
    },

    listen(topic, ears) {
      const all = listeners.get(topic) ?? new Set()
      listeners.set(topic, all.add(ears))
      return () => void all.delete(ears)
    },

    async reload(topic) {
      const thread = threads.get(topic)
      if (thread) await load(topic, thread)
    },

    seqOf: (topic) => threads.get(topic)?.last,

    heard(name, payload, at) {
      if (typeof at === 'string') {
        const topic = at === everybodysOwn ? ownTopic : at
        threads.get(topic)?.follower.signal?.(name, payload)
        for (const signal of overheard.get(topic) ?? []) signal(name, payload)
        return
      }
      const { topic, seq } = at as Position
      const thread = threads.get(topic)
      if (thread) take(topic, thread, { name, payload, seq })
    },

    back() {
      const watched = topics()
      const key = keyOf(watched)
      told = key
      telling++
      const asked = epoch === undefined ? [] : asking(watched)
      return {
        input: { topics: watched, ...(epoch !== undefined && asked.length > 0 && { since: { epoch, positions: positionsOf(asked) } }) },
        answered(reply) {
          if (told === key && !reply?.ok) told = undefined
          const stands = reply?.ok ? (reply.data as Watched) : undefined
          if (reply && !hasBegun) {
            hasBegun = true
            for (const { topic, seq } of stands?.watching ?? []) {
              const thread = threads.get(topic)
              if (thread) thread.begunAt = seq
            }
            watchSoon()
          }
          const isStillUs = stands !== undefined && stands.watching.some(({ topic }) => topic === ownTopic)
          // Of another account's session nothing is taken over; of another epoch `stand` loads everything.
          answered(asked, isStillUs && stands.epoch === epoch ? stands.missed : [])
          if (!stands) return reply && !reply.ok && reply.error.code === 'unauthenticated' ? 'session_ended' : undefined
          if (!isStillUs) return 'someone_else'
          // What is missing after that, because it was too much for one answer, is asked for as ever.
          stand(stands)
          return undefined
        },
      }
    },
  }
}
