import { run } from '@atrium/platform'

// The composition root: which services there are. Which of them this process runs, and on what, the environment says.
await run({
  server: () => import('./service.ts'),
  sfu: () => import('@atrium/sfu'),
  collab: () => import('@atrium/collab'),
})
