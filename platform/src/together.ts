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

/**
 * Makes one question of all that are asked at the same moment on the same ground: the units that share a transaction and run
 * side by side ask what each of them must know, and write what each has to, in one statement. `ask` answers in order.
 */
export function gathered<Ground, Asked, Answer>(ask: (ground: Ground, asked: Asked[]) => Promise<Answer[]>) {
  const waiting = new Map<Ground, { asked: Asked[]; answers: Promise<Answer[]> }>()

  return async (ground: Ground, one: Asked): Promise<Answer> => {
    let batch = waiting.get(ground)
    if (!batch) {
      const asked: Asked[] = []
      const answers = Promise.resolve().then(() => {
        waiting.delete(ground)
        return ask(ground, asked)
      })
      batch = { asked, answers }
      waiting.set(ground, batch)
    }
    const place = batch.asked.push(one) - 1
    return (await batch.answers)[place]!
  }
}
