import { fail } from '../errors.ts'
import { callLimits, copied, inTime, safely, type Answering, type Bus, type BusOptions, type Event } from './index.ts'

/** The bus of one process. Copies everything through JSON, so code that only works inside one process fails here first. */
export function memoryBus({ onBug }: BusOptions = {}): Bus {
  const listeners = new Map<string, Set<(event: Event) => void>>()
  const answering = new Map<string, Answering>()
  return {
    publish(event) {
      const hearing = listeners.get(event.topic)
      if (!hearing) return
      const text = JSON.stringify(event)
      // Later, so that a listener's mistake is its own crash and not the failure of a unit that has committed.
      for (const listener of hearing) queueMicrotask(() => hearing.has(listener) && listener(JSON.parse(text) as Event))
    },
    subscribe(topic, listener) {
      const hearing = listeners.get(topic) ?? new Set()
      listeners.set(topic, hearing.add(listener))
      return () => {
        hearing.delete(listener)
        if (hearing.size === 0 && listeners.get(topic) === hearing) listeners.delete(topic)
      }
    },
    async call(address, operation, input, timeoutMs = callLimits.timeoutMs) {
      const handler = answering.get(address)
      if (!handler) throw fail('unavailable', 'unavailable')
      return copied(await inTime(safely(handler, operation, copied(input), onBug), timeoutMs))
    },
    answer(address, handler) {
      answering.set(address, handler)
      return () => void (answering.get(address) === handler && answering.delete(address))
    },
    isUp: () => true,
    async close() {
      listeners.clear()
      answering.clear()
    },
  }
}
