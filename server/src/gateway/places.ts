import type { HubSocket } from './connection.ts'

/** More screens than a person has, fewer than would hurt. Of one account, at one process. */
export const maxScreens = 50

/** Counts the connections of each account, from the moment one is let in until it closes. */
export function places(max = maxScreens) {
  const taken = new Map<string, number>()
  return {
    /** False when all places are taken. */
    take(accountId: string, conn: Pick<HubSocket['conn'], 'once' | 'readyState'>): boolean {
      const before = taken.get(accountId) ?? 0
      if (before >= max) return false
      // One that closed while we looked who it is would never give its place back.
      if (conn.readyState !== 'open') return true
      taken.set(accountId, before + 1)
      conn.once('close', () => {
        const left = taken.get(accountId)! - 1
        if (left > 0) taken.set(accountId, left)
        else taken.delete(accountId)
      })
      return true
    },
  }
}
