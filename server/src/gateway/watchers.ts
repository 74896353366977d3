import type { AccountId, Presence } from '@atrium/protocol'
import type { Connection } from './connection.ts'

/**
 * Tells sockets who of the people on their screens came or went: all who changed in one letter, at most once a second.
 * What travels between processes only says whom to look at, so the last look is right whatever order the news came in.
 */
export function watchers(deps: {
  /** The sockets that have this person on screen. */
  watching: (accountId: string) => Iterable<Connection>
  /** Everybody who is on somebody's screen here. */
  watched: () => Iterable<string>
  presenceOf: (accountIds: AccountId[]) => Promise<Presence[]>
  send: (connections: Connection[], payload: { people: Presence[] }) => void
}) {
  const { watching, watched, presenceOf, send } = deps
  const shown = new Map<string, Presence['state']>()
  const changed = new Set<string>()
  const greeted = new Map<Connection, Set<string>>()

  return {
    changed: (accountId: string) => void changed.add(accountId),
    changedAll(): void {
      for (const accountId of watched()) changed.add(accountId)
    },
    /** Who just put people on screen is told of them once, changed or not. */
    greet(connection: Connection, accountIds: Iterable<string>): void {
      const known = greeted.get(connection)
      if (known) for (const accountId of accountIds) known.add(accountId)
      else greeted.set(connection, new Set(accountIds))
    },

    async flush(): Promise<void> {
      const newcomers = new Map(greeted)
      const asked = new Set(changed)
      greeted.clear()
      changed.clear()
      for (const ids of newcomers.values()) for (const id of ids) asked.add(id)
      if (asked.size === 0) return

      const letters = new Map<Connection, Presence[]>()
      for (const presence of await presenceOf([...asked] as AccountId[])) {
        const { accountId, state } = presence
        const isNews = shown.get(accountId) !== state
        let isWatched = false
        for (const connection of watching(accountId)) {
          isWatched = true
          if (!isNews && !newcomers.get(connection)?.has(accountId)) continue
          const letter = letters.get(connection)
          if (letter) letter.push(presence)
          else letters.set(connection, [presence])
        }
        if (isWatched) shown.set(accountId, state)
        else shown.delete(accountId)
      }

      const alike = new Map<string, { connections: Connection[]; people: Presence[] }>()
      for (const [connection, people] of letters) {
        const key = people.map(({ accountId, state }) => accountId + state).join()
        const known = alike.get(key)
        if (known) known.connections.push(connection)
        else alike.set(key, { connections: [connection], people })
      }
      for (const { connections, people } of alike.values()) send(connections, { people })
    },
  }
}
