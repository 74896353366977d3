import { keptFor } from '#lib/kept.ts'

const paths: Record<string, string | undefined> = { chat: '/r', meetings: '/meetings', files: '/files' }

/** Where somebody wants to begin who opens the app by its front door. */
export const startPath = (accountId: string): string | undefined => paths[keptFor(accountId).get<string>('start') ?? '']
