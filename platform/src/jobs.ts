import type { Tx } from './unit.ts'

/** Work for later: committed with the change that asks for it, done at least once by whichever process gets to it. */
export interface Jobs {
  enqueue(tx: Tx, kind: string, payload: unknown, how?: { runAt?: Date }): Promise<void>
  /** Says how jobs of a kind are done, and begins with those that wait. May be called twice for one job, after a crash. */
  register(kind: string, handler: (payload: any) => Promise<void>): void
  /** Does something again and again, in one process of the hub at a time. */
  every(kind: string, everyMs: number, run: () => Promise<void>): void
  /** Takes no more; resolves when those under way are done. */
  drain(): Promise<void>
}
