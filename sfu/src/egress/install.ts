import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Log } from '@atrium/platform'

export type RecordingState = 'ready' | 'preparing' | 'off'

/** What recording needs, by version and checksum: npm takes nothing else. */
const recipe = join(import.meta.dirname, '../../av')
const patienceMs = 20 * 60_000

interface Lock {
  packages: Record<string, { version?: string; dependencies?: Record<string, string>; optional?: boolean }>
}

/** Where it lies: whatever differs has another name. */
export function placeOf(cacheDir: string): string {
  const lock = readFileSync(join(recipe, 'package-lock.json'))
  const { version } = (JSON.parse(lock.toString()) as Lock).packages['node_modules/node-av']!
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`).update(lock)
  return join(cacheDir, `node-av-${version}-${hash.digest('hex').slice(0, 12)}`)
}

/** Undefined while it is not installed. */
export function installedAt(cacheDir: string): string | undefined {
  const place = placeOf(cacheDir)
  return existsSync(join(place, 'package.json')) ? place : undefined
}

/**
 * Brings FFmpeg to this machine, as the npm package node-av: 185 MB, beside the checkout and not in it. No script of a
 * package runs. It is tried before it is put in place, whole.
 */
export async function install(cacheDir: string, ending?: AbortSignal): Promise<string> {
  const place = placeOf(cacheDir)
  if (installedAt(cacheDir)) return place
  await mkdir(cacheDir, { recursive: true })
  const beside = await mkdtemp(join(cacheDir, 'installing-node-av-'))
  try {
    const names = await write(beside)
    await npm(beside, ['ci', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], ending)
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', `await import('node-av')`], { cwd: beside }).catch(() => {
      throw new Error(`What recording needs does not run on this machine (${names.join(', ')}).`)
    })
    await rename(beside, place).catch((error: unknown) => {
      // Somebody else brought it meanwhile.
      if (!installedAt(cacheDir)) throw error
    })
    return place
  } finally {
    await rm(beside, { recursive: true, force: true })
  }
}

/** Of the packages for all kinds of machines, the one for this one; the rest that node-av could use is left out. */
async function write(folder: string): Promise<string[]> {
  const name = `@seydx/node-av-${process.platform}-${process.arch}`
  const manifest = JSON.parse(readFileSync(join(recipe, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
  const lock = JSON.parse(readFileSync(join(recipe, 'package-lock.json'), 'utf8')) as Lock
  const here = lock.packages[`node_modules/${name}`]
  if (!here?.version) throw new Error(`Recording is not possible on ${process.platform} ${process.arch}.`)
  manifest.dependencies[name] = here.version
  lock.packages['']!.dependencies = manifest.dependencies
  delete here.optional
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify(lock))
  return [name, here.version]
}

function npm(cwd: string, args: string[], ending?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, { cwd, stdio: ['ignore', 'ignore', 'pipe'], timeout: patienceMs, ...(ending && { signal: ending }) })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-1_000)))
    child.once('error', (error) => reject(new Error(`npm could not be started: ${error.message}`)))
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`npm could not install what recording needs: ${said.trim()}`)),
    )
  })
}

/** Whether recording is possible here, and what makes it so: an administrator's wish. */
export function installing({ cacheDir, log }: { cacheDir: string; log: Log }) {
  const ending = new AbortController()
  let isPreparing = false
  let problem: string | undefined

  async function bring(): Promise<void> {
    try {
      await install(cacheDir, ending.signal)
      log.info({ operation: 'recording.prepare' }, 'Meetings can be recorded and streamed now.')
    } catch (error) {
      if (ending.signal.aborted) return
      problem = (error as Error).message
      log.error({ operation: 'recording.prepare', error }, 'What recording needs could not be installed.')
    } finally {
      isPreparing = false
    }
  }

  return {
    state: (): RecordingState => (installedAt(cacheDir) ? 'ready' : isPreparing ? 'preparing' : 'off'),
    folder: () => installedAt(cacheDir),
    /** Why the last try failed. */
    problem: (): readonly string[] => (problem === undefined ? [] : [problem]),
    prepare(): void {
      if (isPreparing || installedAt(cacheDir)) return
      isPreparing = true
      problem = undefined
      log.info({ operation: 'recording.prepare' }, 'What recording needs is installed now: about 185 MB.')
      void bring()
    },
    stop: () => ending.abort(),
  }
}
