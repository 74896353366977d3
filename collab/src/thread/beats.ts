/** What a thread says in memory that the main thread reads without asking: it may be the thread that does not answer. */
export const beat = {
  /** Counts up while the thread turns. */
  pulse: 0,
  /** The visit whose bytes are being looked at; 0: nobody's. */
  visit: 1,
  /** 1 while it does what nobody's bytes made it do: loading, restoring. That may take longer. */
  isBusy: 2,
} as const
export const beatFields = 3

const everyMs = 50

export function heart(memory: Int32Array) {
  setInterval(() => Atomics.add(memory, beat.pulse, 1), everyMs).unref()
  return {
    /** Does something with what a visit sent. Should the thread never return from it, that visit is to blame. */
    ofVisit<T>(id: number, run: () => T): T {
      Atomics.store(memory, beat.visit, id)
      try {
        return run()
      } finally {
        Atomics.store(memory, beat.visit, 0)
      }
    },
    busy<T>(run: () => T): T {
      Atomics.store(memory, beat.isBusy, 1)
      try {
        return run()
      } finally {
        Atomics.store(memory, beat.isBusy, 0)
      }
    },
  }
}
export type Heart = ReturnType<typeof heart>
