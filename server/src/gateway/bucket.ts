/** Lets through `perSecond` on average and `size` at once. */
export function bucket({ size, perSecond }: { size: number; perSecond: number }, now: () => number = () => performance.now()) {
  let left = size
  let at = now()
  return {
    take(): boolean {
      const then = at
      at = now()
      left = Math.min(size, left + ((at - then) * perSecond) / 1_000)
      if (left < 1) return false
      left--
      return true
    },
  }
}
