import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { found, minioFile, minioProgram, minioVersion, rtmpProgram } from '@atrium/infra/servers'
import { prepareWorker } from '@atrium/infra/worker'
import { configFrom } from '@atrium/platform/config'
import { openOutgoing } from '@atrium/platform/outgoing'
import { slapdProgram } from '@atrium/platform/testing/slapd'
import { install } from '@atrium/sfu/egress/install'
import { chromiumProgram, firefoxProgram, shellProgram } from '../harness/browsers.ts'

const packages: [name: string, isThere: () => unknown][] = [
  ['chromium', chromiumProgram],
  ['firefox-esr', firefoxProgram],
  ['redis-server', () => found('redis-server')],
  ['nginx', () => found('nginx')],
  ['libnginx-mod-rtmp', rtmpProgram],
  ['faketime', () => found('faketime')],
  ['coturn', () => found('turnserver')],
  ['slapd', slapdProgram],
  ['postgresql-15', () => existsSync('/usr/lib/postgresql/15/bin/postgres')],
]

const mayInstall = process.getuid?.() === 0 && existsSync('/etc/debian_version')

/** Brings real servers and browsers to this machine where it may. Returns what stays missing, as sentences. */
export async function prepareMachine(): Promise<string[]> {
  // Side by side: one of them waits for a network or a disk while the other compiles.
  const missing = await Promise.all([
    // One after the other: both may install packages.
    missingPackages().then(async (names) => [...names, ...(await missingForMedia())]),
    missingMinio(),
    missingForRecording(),
  ])
  return missing.flat().map((name) => `needs ${name}`)
}

async function missingPackages(): Promise<string[]> {
  const absent = () => packages.filter(([, isThere]) => !isThere()).map(([name]) => name)
  if (mayInstall) {
    // The same Chromium without windows: a story takes a quarter less. Where a release has none, the whole one does.
    const better = shellProgram() ? [] : ['chromium-headless-shell']
    const wanted = [...better, ...absent().filter((name) => name !== 'chromium')]
    if (wanted.length > 0) await installDebian(wanted)
    if (!chromiumProgram()) await installDebian(['chromium'])
  }
  return absent()
}

async function missingMinio(): Promise<string[]> {
  if (!minioProgram()) await buildMinio().catch(console.error)
  return minioProgram() ? [] : ['MinIO (or Go, to build it)']
}

/** The media worker, downloaded or built once; as root on Debian with the tools that this takes. */
async function missingForMedia(): Promise<string[]> {
  const prepared = await prepareWorker({
    cacheDir: configFrom({ XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] }, []).cacheDir,
    outgoing: openOutgoing(),
    say: console.log,
    ...(mayInstall && { install: installDebian }),
  })
  return 'file' in prepared ? [] : [`the media worker (to build it: ${prepared.missing.join(' ')})`]
}

/** What an administrator switches on. */
async function missingForRecording(): Promise<string[]> {
  const { cacheDir } = configFrom({ XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] }, [])
  return install(cacheDir).then(
    () => [],
    (error: Error) => [`node-av, for recording (${error.message})`],
  )
}

/** Without starting them as daemons: we start our own, on free ports. */
async function installDebian(names: string[]): Promise<void> {
  console.log(`Installing Debian packages: ${names.join(' ')} …`)
  const policy = '/usr/sbin/policy-rc.d'
  const isOurs = !existsSync(policy)
  if (isOurs) await writeFile(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    const env = { DEBIAN_FRONTEND: 'noninteractive' }
    await run('apt-get', ['update', '-qq'], env)
    const install = ['install', '-y', '-qq', '--no-install-recommends']
    // All at once, or one by one: another release lacks one of them, and then apt would install none.
    if (!(await run('apt-get', [...install, ...names], env))) for (const name of names) await run('apt-get', [...install, name], env)
  } finally {
    if (isOurs) await rm(policy)
  }
}

/** Built once, outside the checkout, and put in place whole: an interrupted build leaves nothing that looks like a server. */
async function buildMinio(): Promise<void> {
  const go = found('go') ?? (existsSync('/usr/local/go/bin/go') ? '/usr/local/go/bin/go' : undefined)
  if (!go) return
  console.log('Building MinIO with Go, once. This takes some minutes …')
  const folder = dirname(minioFile())
  await mkdir(folder, { recursive: true })
  const beside = await mkdtemp(join(folder, 'building-'))
  const isBuilt = await run(go, ['install', '-trimpath', '-ldflags=-s -w', `github.com/minio/minio@${minioVersion}`], { GOBIN: beside })
  if (isBuilt) await rename(join(beside, 'minio'), minioFile())
  await rm(beside, { recursive: true, force: true })
}

/** True if it went well; what did not is seen by what is still missing afterwards. */
function run(command: string, args: string[], env: Record<string, string>): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 2, 2], env: { ...process.env, ...env } })
    child.once('error', () => resolve(false)).once('close', (code) => resolve(code === 0))
  })
}
