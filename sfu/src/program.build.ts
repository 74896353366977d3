import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Place } from './program.ts'

export interface Progress {
  elapsedMs: number
  expectedMs: number
}

/** How long all of it takes on one core, about. After the first files we know better. */
const oneCoreMs = 13 * 60_000
const lookEveryMs = 1_000
/** From here on the share that is done says how long the rest takes. */
const knownFrom = 0.05

/** What the build needs: a program on the PATH or a library that pkg-config knows, and the Debian package that has it. */
const tools: [what: string, name: string][] = [
  ['program:g++', 'g++'],
  ['program:meson', 'meson'],
  ['program:ninja', 'ninja-build'],
  ['program:pkg-config', 'pkg-config'],
  ['program:strip', 'binutils'],
  ['program:flatc', 'flatbuffers-compiler'],
  ['library:openssl', 'libssl-dev'],
  ['library:libuv', 'libuv1-dev'],
  ['library:libsrtp2', 'libsrtp2-dev'],
  ['library:absl_strings', 'libabsl-dev'],
  ['library:flatbuffers', 'libflatbuffers-dev'],
]

/** The Debian packages that are missing for a build. */
export async function missingTools({ recipe }: Pick<Place, 'recipe'>): Promise<string[]> {
  if (!existsSync(join(recipe, 'build.sh'))) return tools.map(([, name]) => name)
  const found = await Promise.all(
    tools.map(([what]) => {
      const [kind, name] = what.split(':') as [string, string]
      return kind === 'program' ? succeeds('sh', ['-c', `command -v ${name}`]) : succeeds('pkg-config', ['--exists', name])
    }),
  )
  return tools.filter((_tool, n) => !found[n]).map(([, name]) => name)
}

const succeeds = (command: string, args: string[]): Promise<boolean> =>
  new Promise((resolve) => {
    spawn(command, args, { stdio: 'ignore' })
      .once('error', () => resolve(false))
      .once('close', (code) => resolve(code === 0))
  })

export const theCommand = (names: readonly string[]): string =>
  existsSync('/etc/debian_version') ? `sudo apt-get install -y --no-install-recommends ${names.join(' ')}` : 'npm run atrium -- worker'

/**
 * Builds the program, politely: at the lowest priority, on all cores but one. It ends with the hub and goes on at the next
 * start. A second hub waits for the first one's build, and sees its progress.
 */
export async function building(
  place: Place,
  show: (progress: Progress) => void,
  ending?: AbortSignal,
  jobs = Math.max(1, availableParallelism() - 1),
): Promise<void> {
  await mkdir(place.work, { recursive: true })
  const begunAt = Date.now()
  const looking = setInterval(async () => show(await progressOf(place, begunAt, jobs)), lookEveryMs)
  const log = await open(join(place.work, 'log'), 'a')
  try {
    show({ elapsedMs: 0, expectedMs: oneCoreMs / jobs })
    // A process group of its own: compilers are ended with it.
    const command = ['-n', '19', 'env', `JOBS=${jobs}`, 'bash', join(place.recipe, 'build.sh'), place.package, place.file, place.work]
    const child = spawn('nice', command, { stdio: ['ignore', log.fd, log.fd], detached: true })
    const end = () => child.pid !== undefined && process.kill(-child.pid, 'SIGTERM')
    ending?.addEventListener('abort', end, { once: true })
    const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
    ending?.removeEventListener('abort', end)
    ending?.throwIfAborted()
    if (code !== 0) throw new Error(`The media worker could not be built: ${join(place.work, 'log')} says why.`)
  } finally {
    clearInterval(looking)
    await log.close()
  }
  await rm(place.work, { recursive: true, force: true })
}

/** ninja says of each file it has made how many there are: `[57/180] …`. */
async function progressOf(place: Place, begunAt: number, jobs: number): Promise<Progress> {
  const elapsedMs = Date.now() - begunAt
  const said = await tailOf(join(place.work, 'log')).catch(() => '')
  const [, done, all] = [...said.matchAll(/^\[(\d+)\/(\d+)\]/gm)].at(-1) ?? []
  const share = Number(done ?? 0) / Number(all ?? 1)
  const expectedMs = share >= knownFrom ? elapsedMs / share : Math.max(oneCoreMs / jobs, elapsedMs)
  return { elapsedMs, expectedMs: Math.round(expectedMs) }
}

async function tailOf(file: string): Promise<string> {
  const opened = await open(file)
  try {
    const { size } = await opened.stat()
    const { buffer, bytesRead } = await opened.read({ buffer: Buffer.alloc(4_096), position: Math.max(0, size - 4_096) })
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await opened.close()
  }
}
