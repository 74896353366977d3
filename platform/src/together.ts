/**
 * Questions that come while one is being answered are asked together: two thousand clients that return at once are a few
 * queries, not two thousand.
 */
export function together<T>(ask: (keys: string[]) => Promise<Map<string, T>>) {
  let asking: Promise<unknown> = Promise.resolve()
  let waiting: { keys: Set<string>; answer: Promise<Map<string, T>> } | undefined

  return (keys: Iterable<string>): Promise<Map<string, T>> => {
    if (!waiting) {
      const batch = { keys: new Set<string>() }
      const answer = asking.then(() => {
        waiting = undefined
        return ask([...batch.keys])
      })
      asking = answer.catch(() => {})
      waiting = { ...batch, answer }
    }
    for (const key of keys) waiting.keys.add(key)
    return waiting.answer
  }
}
