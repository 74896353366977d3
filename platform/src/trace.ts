import { AsyncLocalStorage } from 'node:async_hooks'
import type { Log } from './log.ts'

const current = new AsyncLocalStorage<{ requestId: string; span?: string }>()

/** Runs what belongs to one request. The id is in every line that is logged meanwhile, here and where calls lead. */
export const inRequest = <T>(requestId: string, run: () => T): T => current.run({ requestId }, run)

/** The id of the request that is being answered here. */
export const requestId = (): string | undefined => current.getStore()?.requestId

export type SpanKind = 'operation' | 'call' | 'job' | 'statement'
export type Tracer = <T>(kind: SpanKind, name: string, run: () => Promise<T>) => Promise<T>

/** One log line per span, naming the span it lies in. Off, it costs one function call. */
export function tracer(log: Log, isOn: boolean): Tracer {
  if (!isOn) return (_kind, _name, run) => run()
  return async (kind, name, run) => {
    const outer = current.getStore()
    const span = crypto.randomUUID()
    const began = performance.now()
    try {
      return await current.run({ requestId: outer?.requestId ?? span, span }, run)
    } finally {
      log.info({
        operation: `${kind} ${name}`,
        ms: performance.now() - began,
        ref: outer?.requestId ?? span,
        span,
        within: outer?.span ?? null,
      })
    }
  }
}
