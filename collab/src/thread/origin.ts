import type { LocalTransactionOrigin } from '@hocuspocus/server'

/** Whose change it is, and from which visit, if from one. Hocuspocus is to store nothing: changes are appended as they happen. */
export const originOf = (accountId: string, visit = 0): LocalTransactionOrigin => ({
  source: 'local',
  skipStoreHooks: true,
  context: { accountId, visit },
})

/** What comes out of the log, and must not go in again. */
export const fromLog: LocalTransactionOrigin = { source: 'local', skipStoreHooks: true }

type Ours = { context?: { accountId: string; visit: number } } | null
export const authorOf = (origin: unknown): string | undefined => (origin as Ours)?.context?.accountId
/** 0: nobody's. */
export const visitOf = (origin: unknown): number => (origin as Ours)?.context?.visit ?? 0
