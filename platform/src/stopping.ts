import type { Log } from './log.ts'

export interface Step {
  what: string
  run: () => Promise<unknown>
  /** Whatever it waits for, it is left behind after this. */
  withinMs: number
}

/** Does one after the other, whether or not the one before went well or came back at all. */
export async function letGo(steps: readonly Step[], log: Log): Promise<void> {
  for (const { what, run, withinMs } of steps) {
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
