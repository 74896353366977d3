import { fail } from '../errors.ts'
import type { Bus, Event } from './index.ts'

/** The bus of one process. Copies everything through JSON, so code that only works inside one process fails here first. */
export function memoryBus(): Bus {
  const listeners = new Map<string, Set<(event: Event) => void>>()
  const answering = new Map<string, (operation: string, input: unknown) => Promise<unknown>>()
  return {
    publish(event) {
      const hearing = listeners.get(event.topic)
      if (!hearing) return
      const text = JSON.stringify(event)
      // Later, so that a listener's mistake is its own crash and not the failure of a unit that has committed.
      for (const listener of hearing) queueMicrotask(() => listener(JSON.parse(text) as Event))
    },
    subscribe(topic, listener) {
      const hearing = listeners.get(topic) ?? new Set()
      listeners.set(topic, hearing.add(listener))
      return () => {
        hearing.delete(listener)
        if (hearing.size === 0 && listeners.get(topic) === hearing) listeners.delete(topic)
      }
    },
    async call(address, operation, input) {
      const handler = answering.get(address)
      if (!handler) throw fail('unavailable', 'unavailable')
      const answer = await handler(operation, structuredCopy(input))
      return structuredCopy(answer)
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

const structuredCopy = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)))
