/** Does something again and again, never twice at once, until the returned function is called. What goes wrong is told; the next round tries again. */
export function every(ms: number, run: () => Promise<unknown>, onTrouble: (error: unknown) => void): () => void {
  let isRunning = false
  const timer = setInterval(() => {
    if (isRunning) return
    isRunning = true
    run()
      .catch(onTrouble)
      .finally(() => (isRunning = false))
  }, ms)
  return () => clearInterval(timer)
}
