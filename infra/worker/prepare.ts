// Brings the media worker while somebody waits: `npm run atrium -- worker`, and once before the tests.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { building, missingTools } from '@atrium/sfu/program.build'
import { downloaded } from '@atrium/sfu/program.download'
import { placeOf, sentenceOf } from '@atrium/sfu/program'
import type { Outgoing } from '@atrium/platform'

const sayEveryMs = 60_000

/** The program's file, or the Debian packages that are missing to build it. `install` may bring those. */
export async function prepareWorker(options: {
  cacheDir: string
  outgoing: Pick<Outgoing, 'configured'>
  say: (sentence: string) => void
  install?: (packages: string[]) => Promise<unknown>
}): Promise<{ file: string } | { missing: string[] }> {
  const { cacheDir, outgoing, say, install } = options
  const place = placeOf(cacheDir)
  if (existsSync(place.file)) return { file: place.file }
  if (await downloaded(place, outgoing).catch(() => false)) return { file: place.file }

  const missing = await missingTools(place)
  if (missing.length > 0) await install?.(missing)
  const stillMissing = missing.length > 0 ? await missingTools(place) : []
  if (stillMissing.length > 0) return { missing: stillMissing }

  let saidAt = -Infinity
  const show = (progress: Parameters<typeof sentenceOf>[0]) => {
    if (performance.now() - saidAt < sayEveryMs) return
    saidAt = performance.now()
    say(sentenceOf(progress))
  }
  await building(place, show, undefined, availableParallelism())
  return { file: place.file }
}

/** As the administrator that this person is: at once as root, else by `sudo`, which asks for itself. */
export const installPackages = (names: string[]): Promise<boolean> => {
  const apt = ['apt-get', 'install', '-y', '--no-install-recommends', ...names]
  const [command, ...args] = process.getuid?.() === 0 ? apt : ['sudo', ...apt]
  return new Promise((resolve) => {
    spawn(command!, args, { stdio: 'inherit' })
      .once('error', () => resolve(false))
      .once('close', (code) => resolve(code === 0))
  })
}
