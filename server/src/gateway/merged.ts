/**
 * Runs `flush` soon after something was noted, and at most once in `everyMs`: the first change is seen at once, a storm of
 * changes costs one look a second.
 */
export function merged(flush: () => void | Promise<void>, onError: (error: unknown) => void, everyMs = 1_000) {
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  let last = -Infinity
  let running: Promise<void> = Promise.resolve()

  function run(): void {
    timer = undefined
    last = performance.now()
    running = running.then(flush).catch(onError)
  }
  return {
    note(): void {
      if (!isOver) timer ??= setTimeout(run, Math.max(0, last + everyMs - performance.now()))
    },
    stop(): void {
      isOver = true
      clearTimeout(timer)
    },
  }
}
