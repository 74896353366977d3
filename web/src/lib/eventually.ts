const againMs = 4_000

/**
 * Fetches what can wait, again and again until it is there: without a network it is missing for a while, which is no
 * trouble. The function that is returned stops it.
 */
export function eventually<T>(fetch: () => Promise<T>, take: (fetched: T) => void): () => void {
  let isWanted = true
  let timer: ReturnType<typeof setTimeout> | undefined
  const attempt = (): Promise<void> =>
    fetch().then(
      (fetched) => void (isWanted && take(fetched)),
      () => void (isWanted && (timer = setTimeout(attempt, againMs))),
    )
  void attempt()
  return () => {
    isWanted = false
    clearTimeout(timer)
  }
}
