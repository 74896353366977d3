import { run } from '@atrium/platform'

// The document service alone: no chat, no media.
await run({ collab: () => import('./service.ts') })
