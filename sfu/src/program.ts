import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { House } from '@atrium/platform'
import type { MediaReadiness } from '@atrium/protocol'

/** The program that carries media: named by the settings, or kept from an earlier time. */
export function mediaProgram({ config }: Pick<House, 'config'>) {
  const named = config.media.program ?? join(config.cacheDir, 'mediasoup-worker-3.27.1')
  const { promise: file, resolve } = Promise.withResolvers<string>()
  if (existsSync(named)) resolve(named)
  return {
    file,
    state: (): MediaReadiness => (existsSync(named) ? { state: 'away' } : { state: 'missing', command: 'npm run atrium -- worker' }),
    stop: () => undefined,
  }
}
