import type { Delivery } from './delivery.ts'

export type Following = ReturnType<typeof following>

/** Follows a topic from the first who holds it until a while after the last let go: who reloads a page comes right back. */
export function following(delivery: Pick<Delivery, 'follow' | 'unfollow'>, lingerMs: number) {
  const holders = new Map<string, number>()
  const lingering = new Map<string, NodeJS.Timeout>()

  function release(topics: Iterable<string>): void {
    for (const topic of topics) {
      const left = holders.get(topic)! - 1
      if (left > 0) holders.set(topic, left)
      else {
        holders.delete(topic)
        const forget = () => {
          lingering.delete(topic)
          delivery.unfollow(topic)
        }
        lingering.set(topic, setTimeout(forget, lingerMs).unref())
      }
    }
  }

  return {
    /** Resolves when the topics are heard. Whoever is refused holds nothing. */
    async hold(topics: readonly string[]): Promise<void> {
      for (const topic of topics) {
        clearTimeout(lingering.get(topic))
        lingering.delete(topic)
        holders.set(topic, (holders.get(topic) ?? 0) + 1)
      }
      try {
        await delivery.follow(topics)
      } catch (error) {
        release(topics)
        throw error
      }
    },
    release,
    stop(): void {
      for (const timer of lingering.values()) clearTimeout(timer)
    },
  }
}
