/** So many ids an operation of the contract takes at once. */
const mostAtOnce = 200

/** Asks together for what is wanted at the same moment, each once. */
export function gathered<T>(ask: (wanted: T[]) => Promise<void>): (...wanted: T[]) => void {
  const waiting = new Set<T>()
  return (...wanted) => {
    const isDue = waiting.size > 0
    for (const one of wanted) waiting.add(one)
    if (isDue || waiting.size === 0) return
    queueMicrotask(async () => {
      const all = [...waiting]
      waiting.clear()
      for (let from = 0; from < all.length; from += mostAtOnce) await ask(all.slice(from, from + mostAtOnce))
    })
  }
}
