import type { LocalTransactionOrigin } from '@hocuspocus/server'

/** Whose change it is. Hocuspocus is to store nothing: changes are appended as they happen. */
export const originOf = (accountId: string): LocalTransactionOrigin => ({
  source: 'local',
  skipStoreHooks: true,
  context: { accountId },
})

/** What comes out of the log, and must not go in again. */
export const fromLog: LocalTransactionOrigin = { source: 'local', skipStoreHooks: true }

export const authorOf = (origin: unknown): string | undefined => (origin as { context?: { accountId?: string } } | null)?.context?.accountId
