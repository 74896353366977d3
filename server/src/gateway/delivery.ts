import type { Kysely } from 'kysely'
import { factsAfter, movedTopics, standingsOf, together, type Bus, type Event, type Log } from '@atrium/platform'

export interface Delivery {
  /** From the resolved moment on, every fact of these topics is delivered, once and in order of its number. */
  follow(topics: readonly string[]): Promise<void>
  unfollow(topic: string): void
  /** The number of the last fact that was delivered: whatever follows it will be. */
  standing(topic: string): number
  /** Looks for facts that the bus lost. Resolves to how many there were. */
  catchUp(): Promise<number>
  stop(): void
}

interface Feed {
  /** Undefined until we know where the topic stands. */
  last: number | undefined
  /** Facts that came before those they follow. */
  held: Map<number, Event>
  unsubscribe: () => void
  settled: Promise<void>
}

/** How long a number may be missing before we ask the journal: two processes' facts cross on the bus now and then. */
const patienceMs = 50
/** The bus may lose a fact that was committed long before the clock of its row says so, or after. */
const overlapMs = 30_000
/** Facts read from the journal at a time. */
const page = 1_000

/**
 * Brings the facts of the topics that this process follows into number order. The bus may lose, double and reorder;
 * what is missing is read from the journal, at the latest by the regular look at the topics that moved.
 */
export function delivery(deps: {
  bus: Bus
  db: Kysely<any>
  log: Log
  deliver: (event: Event) => void
  /** Between two looks at the topics that moved. */
  everyMs?: number
}): Delivery {
  const { bus, db, log, deliver, everyMs = 5_000 } = deps
  const feeds = new Map<string, Feed>()
  const gapped = new Set<string>()
  const standings = together((topics: string[]) => standingsOf(db, topics))
  let filling: NodeJS.Timeout | undefined

  function heard(feed: Feed, event: Event) {
    if (event.seq === null) return deliver(event)
    if (feed.last !== undefined && event.seq <= feed.last) return
    feed.held.set(event.seq, event)
    drain(event.topic, feed)
  }

  function drain(topic: string, feed: Feed) {
    if (feed.last === undefined) return
    for (let next = feed.held.get(feed.last + 1); next; next = feed.held.get(feed.last + 1)) {
      feed.held.delete(++feed.last)
      deliver(next)
    }
    if (feed.held.size === 0) return
    gapped.add(topic)
    filling ??= setTimeout(() => {
      filling = undefined
      // The journal cannot be read now: the next fact, or the next regular look, tries again.
      fill(new Set(gapped)).catch((error) => log.warn({ error }, 'a gap could not be filled'))
    }, patienceMs)
  }

  /** Reads on from where each topic stands, until the journal has no more. */
  async function fill(topics: Set<string>): Promise<number> {
    let found = 0
    for (const topic of topics) gapped.delete(topic)
    for (let isMore = topics.size > 0; isMore;) {
      const asked = [...topics].flatMap((topic) => {
        const last = feeds.get(topic)?.last
        return last === undefined ? [] : [{ topic, seq: last }]
      })
      const facts = await factsAfter(db, asked, page)
      for (const fact of facts) found += arrived(fact) ? 1 : 0
      isMore = facts.length === page
    }
    return found
  }

  function arrived(fact: Event): boolean {
    const feed = feeds.get(fact.topic)
    if (feed?.last === undefined || fact.seq! <= feed.last) return false
    // Numbers have no gaps, so a fact that does not follow says that those between were pruned: nobody can have them.
    if (!feed.held.has(feed.last + 1)) feed.last = fact.seq! - 1
    feed.held.set(fact.seq!, fact)
    drain(fact.topic, feed)
    return true
  }

  async function catchUp(): Promise<number> {
    const moved = await movedTopics(db, everyMs + overlapMs)
    return fill(new Set(moved.flatMap(({ topic, seq }) => (seq > (feeds.get(topic)?.last ?? Infinity) ? [topic] : []))))
  }

  async function settle(topics: readonly string[]): Promise<void> {
    const stands = await standings(topics)
    for (const topic of topics) {
      const feed = feeds.get(topic)
      if (!feed || feed.last !== undefined) continue
      feed.last = stands.get(topic) ?? 0
      for (const seq of feed.held.keys()) if (seq <= feed.last) feed.held.delete(seq)
      drain(topic, feed)
    }
  }

  function unfollow(topic: string): void {
    feeds.get(topic)?.unsubscribe()
    feeds.delete(topic)
    gapped.delete(topic)
  }

  return {
    async follow(topics) {
      const fresh = topics.filter((topic) => !feeds.has(topic))
      if (fresh.length > 0) {
        // Listened to first: what is said while we look where the topic stands is held, not lost.
        for (const topic of fresh) {
          const feed: Feed = { last: undefined, held: new Map(), unsubscribe: () => {}, settled: Promise.resolve() }
          feeds.set(topic, feed)
          feed.unsubscribe = bus.subscribe(topic, (event) => heard(feed, event))
        }
        const settled = settle(fresh)
        for (const topic of fresh) feeds.get(topic)!.settled = settled
        settled.catch(() => fresh.forEach((topic) => unfollow(topic)))
      }
      await Promise.all(new Set(topics.map((topic) => feeds.get(topic)!.settled)))
    },
    unfollow,
    standing: (topic) => feeds.get(topic)?.last ?? 0,
    catchUp,
    stop() {
      clearTimeout(filling)
      for (const topic of feeds.keys()) unfollow(topic)
    },
  }
}
