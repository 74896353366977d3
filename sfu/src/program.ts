import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { House } from '@atrium/platform'
import type { MediaReadiness } from '@atrium/protocol'
import { downloaded } from './program.download.ts'
import { building, missingTools, theCommand, type Progress } from './program.build.ts'

type Needs = Pick<House, 'config' | 'log' | 'outgoing'>
/** Where everything about the program lies on this machine. */
export interface Place {
  /** The program, once it is there. */
  file: string
  /** Where it is built. */
  work: string
  /** How it is built: not everywhere, an image may bring the program only. */
  recipe: string
  /** What npm installed. */
  package: string
  version: string
}

const recipe = join(import.meta.dirname, '../../infra/worker')
const lookEveryMs = 5_000
const sayEveryMs = 60_000

/** The program made of this version of the sources, in this manner, for this system: whatever differs has another name. */
export function placeOf(cacheDir: string): Place {
  // The entry of the package is node/lib/index.js.
  const folder = join(dirname(createRequire(import.meta.url).resolve('mediasoup')), '../..')
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${system()}`)
  for (const file of [join(recipe, 'build.sh'), ...filesBelow(join(recipe, 'stand-ins'))])
    if (existsSync(file)) hash.update(file.slice(recipe.length)).update(readFileSync(file))
  const name = `mediasoup-worker-${version}-${hash.digest('hex').slice(0, 12)}`
  return { file: join(cacheDir, name), work: join(cacheDir, `building-${name}`), recipe, package: folder, version }
}

/** A program is linked with the libraries of its system's release. */
function system(): string {
  if (!existsSync('/etc/os-release')) return ''
  const said = readFileSync('/etc/os-release', 'utf8')
  return [...said.matchAll(/^(?:ID|VERSION_ID)=.*$/gm)].join(' ')
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

export interface MediaProgram {
  /** Its file, as soon as there is one. Rejected only where the settings name one that is not there. */
  file: Promise<string>
  state(): MediaReadiness
  stop(): void
}

/**
 * The program that carries media: named by the settings, kept from an earlier time, downloaded, or built in the background.
 * Where the tools for that are missing, nothing is installed: it waits until an administrator has done so.
 */
export function mediaProgram({ config, log, outgoing }: Needs, place = placeOf(config.cacheDir)): MediaProgram {
  const ending = new AbortController()
  let readiness: MediaReadiness = { state: 'away' }
  let saidAt = -Infinity

  if (config.media.program !== null) {
    const named = config.media.program
    const isThere = existsSync(named)
    const file = isThere
      ? Promise.resolve(named)
      : Promise.reject(new Error(`MEDIASOUP_WORKER_BIN names ${basename(named)}, which is not there.`))
    return { file, state: () => readiness, stop: () => undefined }
  }

  return {
    file: existsSync(place.file) ? Promise.resolve(place.file) : prepare().catch(failed),
    state: () => readiness,
    stop: () => ending.abort(),
  }

  /** While it goes well they are being prepared until they open: of a moment in between, a page would say that nobody answers. */
  function failed(error: unknown): never {
    readiness = { state: 'away' }
    throw error
  }

  async function prepare(): Promise<string> {
    readiness = { state: 'preparing', elapsedMs: 0, expectedMs: 10_000 }
    if (await downloaded(place, outgoing).catch(tell)) return place.file
    for (;;) {
      const missing = await missingTools(place)
      if (missing.length === 0) break
      const command = theCommand(missing)
      if (readiness.state !== 'missing')
        log.warn(
          { operation: 'media.prepare' },
          `Meetings need a media worker, and to build it some tools are missing. An administrator of this machine runs: ${command}`,
        )
      readiness = { state: 'missing', command }
      await setTimeout(lookEveryMs, undefined, { signal: ending.signal })
    }
    await building(place, shown, ending.signal)
    log.info({ operation: 'media.prepare' }, 'Meetings are prepared.')
    return place.file
  }

  function shown({ elapsedMs, expectedMs }: Progress): void {
    readiness = { state: 'preparing', elapsedMs, expectedMs }
    if (performance.now() - saidAt < sayEveryMs) return
    saidAt = performance.now()
    log.info({ operation: 'media.prepare' }, sentenceOf({ elapsedMs, expectedMs }))
  }

  function tell(error: unknown): false {
    log.info({ operation: 'media.prepare', error }, 'There is no media worker to download here; it is built.')
    return false
  }
}

const minutes = (ms: number) => Math.max(1, Math.round(ms / 60_000))
export const sentenceOf = ({ elapsedMs, expectedMs }: Progress): string =>
  `Meetings are being prepared: ${Math.floor(elapsedMs / 60_000)} of about ${minutes(expectedMs)} minutes.`
