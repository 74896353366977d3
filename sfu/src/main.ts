import { run } from '@atrium/platform'

// The media service alone: no chat, no documents.
await run({ sfu: () => import('./service.ts') })
