import { together, type Actor, type Span } from '@atrium/platform'
import type { AccountId } from '@atrium/protocol'
import { presenceService, type PresenceDeps } from './service.ts'

export { graceMs, renewEveryMs } from './rules.ts'
export { haveScreens, type PresenceTables } from './store.ts'

const prefix = 'presence:'
const always: Span[] = [{ from: 1, to: null }]

/** Who is there: follows the screens of all processes, and what people chose to show. */
export function presence(deps: PresenceDeps) {
  const verbs = presenceService(deps)
  const active = together(async (ids) => new Map((await deps.activeAccounts(ids)).map((id) => [id as string, always])))
  return {
    handlers: {
      'presence.of': (_actor: Actor, { accountIds }: { accountIds: AccountId[] }) => verbs.visible(accountIds),
      'presence.mine': verbs.mine,
      'presence.choose': verbs.choose,
    },
    /** Whoever is in the directory may be looked at. */
    async spansOf(_actor: Actor, topics: readonly string[]): Promise<Map<string, Span[]>> {
      const asked = topics.flatMap((topic) => (topic.startsWith(prefix) ? [topic.slice(prefix.length)] : []))
      if (asked.length === 0) return new Map()
      const found = await active(asked)
      return new Map(asked.flatMap((id) => (found.has(id) ? [[`${prefix}${id}`, always]] : [])))
    },
    of: verbs.of,
    screens: {
      opened: verbs.opened,
      touched: verbs.touched,
      closed: verbs.closed,
      tell: verbs.tell,
      renew: () => verbs.renew(),
      leave: verbs.leave,
    },
  }
}
export type PresenceSlice = ReturnType<typeof presence>
