import type { Visit } from './visit.ts'

/** Accounts that are kept from a document for a while, because what they sent stalled it. */
export function shutOuts(forMs: number) {
  const until = new Map<string, number>()
  const keyOf = ({ claims: { fileId, accountId } }: Visit) => `${fileId} ${accountId}`
  return {
    add(visit: Visit): void {
      const time = performance.now()
      for (const [key, end] of until) if (end < time) until.delete(key)
      until.set(keyOf(visit), time + forMs)
    },
    has: (visit: Visit): boolean => (until.get(keyOf(visit)) ?? 0) > performance.now(),
  }
}
