import type { Log } from './log.ts'

export interface Step {
  what: string
  run: () => Promise<unknown>
  /** Whatever it waits for, it is left behind after this. */
  withinMs: number
}

/** Does one after the other, whether or not the one before went well or came back at all; all of them in `altogetherMs`. */
export async function letGo(steps: readonly Step[], altogetherMs: number, log: Log): Promise<void> {
  const end = performance.now() + altogetherMs
  for (const { what, run, withinMs: most } of steps) {
    const withinMs = Math.max(0, Math.min(most, end - performance.now()))
    const { promise: late, resolve } = Promise.withResolvers<'late'>()
    const timer = setTimeout(() => resolve('late'), withinMs)
    try {
      if ((await Promise.race([run(), late])) === 'late')
        log.warn({ operation: 'stop', ms: withinMs }, `Not waited for any longer: ${what}.`)
    } catch (error) {
      log.error({ operation: 'stop', error }, `Failed to stop: ${what}.`)
    } finally {
      clearTimeout(timer)
    }
  }
}
