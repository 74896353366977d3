export interface Rate {
  times: number
  perMs: number
}

/** Keeps callers from asking too often. */
export interface Throttle {
  /** For this process: 0 if it may go on, and counts it; otherwise the milliseconds to wait. */
  take(key: string, rate: Rate): number
  /** For all processes: 0 if another try is allowed, otherwise the milliseconds to wait. Counts nothing. */
  check(key: string, rate: Rate): Promise<number>
  /** For all processes: counts a try that failed. */
  hit(key: string, rate: Rate): Promise<void>
  /** For all processes: forgets the tries that failed. */
  clear(key: string): Promise<void>
}
