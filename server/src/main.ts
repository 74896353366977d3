import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '@atrium/platform'

// The composition root: which services there are. Which of them this process runs, and on what, the settings say.
await run(
  {
    server: () => import('./service.ts'),
    sfu: () => import('@atrium/sfu'),
    collab: () => import('@atrium/collab'),
  },
  {
    async onReady({ url, advice, house }) {
      console.log(`\nAtrium is ready: ${url}`)
      // For who makes a link at the command line while we run, and cannot know our port. On S3 and a given database there is no folder yet.
      await mkdir(house.config.dataDir, { recursive: true })
      await writeFile(join(house.config.dataDir, 'address'), url)
      if (advice) console.log(advice)
      if (!house.config.services.includes('server')) return
      if (house.config.isDemo) {
        const { fillDemo } = await import('./demo/index.ts')
        for (const { name, address, password } of await fillDemo(house)) console.log(`Sign in as ${name}: ${address} with "${password}"`)
      }
      const { setupLink } = await import('./auth/index.ts')
      const setup = await setupLink(house)
      if (setup) console.log(`Nobody has set it up yet. Open this link once: ${new URL(setup.path, url).href}`)
    },
    onRefused(error) {
      console.error(`Atrium cannot start: ${error.message}`)
    },
  },
)
