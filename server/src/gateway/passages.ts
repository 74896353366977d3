import type { Actor, Log } from '@atrium/platform'
import type { OnRevoked } from '@atrium/platform/revocations'
import type { FileId } from '@atrium/protocol'

interface Open {
  actor: Actor
  fileId: FileId
  cut: () => void
}

/** Bytes of files under way, in and out. They are cut when whoever they belong to loses the right to them. */
export function passages(deps: {
  onRevoked: OnRevoked
  mayStill: (actor: Actor, fileId: FileId) => Promise<boolean>
  log: Pick<Log, 'warn'>
}) {
  const { onRevoked, mayStill, log } = deps
  const open = new Set<Open>()
  let revocations = 0

  /** Who cannot be asked for is cut: it can be begun again. */
  async function ask(passage: Open): Promise<void> {
    const may = await mayStill(passage.actor, passage.fileId).catch((error: unknown) => {
      log.warn({ operation: 'files.passage', error }, 'a right could not be asked for')
      return false
    })
    if (!may && open.delete(passage)) passage.cut()
  }

  const stop = onRevoked((revoked) => {
    revocations++
    for (const passage of open) {
      const { accountId, sessionId } = passage.actor
      if (revoked.kind === 'accounts' ? !revoked.accountIds.has(accountId) : revoked.accountId !== null && revoked.accountId !== accountId)
        continue
      if (revoked.kind === 'session' && !revoked.sessionIds.includes(sessionId)) continue
      if ('reason' in revoked) {
        open.delete(passage)
        passage.cut()
      } else if (revoked.kind !== 'participant') void ask(passage)
    }
  })

  return {
    /** How many rights were lost so far: a passage that was allowed before one of them is to be asked for again. */
    seen: () => revocations,
    open(actor: Actor, fileId: FileId, cut: () => void): { close: () => void } {
      const passage = { actor, fileId, cut }
      open.add(passage)
      return { close: () => void open.delete(passage) }
    },
    stop,
  }
}
export type Passages = ReturnType<typeof passages>
