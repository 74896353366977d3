import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { release } from 'node:os'
import { dirname, join } from 'node:path'
import type { Outgoing } from '@atrium/platform'
import type { Place } from './program.ts'

const releases = 'https://github.com/versatica/mediasoup/releases/download'
const maxBytes = 40_000_000
/** A network that answers nothing must not hold up the build for long. */
const withinMs = 30_000
/** What the program says to whoever starts it without being mediasoup: that it runs on this machine at all. */
const startedByAStranger = 41

/** The archive that mediasoup publishes for a machine like this one. */
export const archiveOf = (version: string): string =>
  `mediasoup-worker-${version}-${process.platform}-${process.arch}${process.platform === 'linux' ? `-kernel${release().split('.')[0]}` : ''}.tgz`

/** Brings the program that mediasoup's makers built, if it can be had and runs here. */
export async function downloaded(place: Place, outgoing: Pick<Outgoing, 'configured'>, from = releases): Promise<boolean> {
  const answer = await outgoing.configured(`${from}/${place.version}/${archiveOf(place.version)}`, { maxBytes, timeoutMs: withinMs })
  if (answer.status !== 200) return false
  await mkdir(dirname(place.file), { recursive: true })
  const beside = await mkdtemp(`${place.file}-`)
  try {
    const archive = join(beside, 'archive.tgz')
    await writeFile(archive, answer.body)
    if ((await exitOf('tar', ['-xzf', archive, '-C', beside, 'mediasoup-worker'])) !== 0) return false
    const program = join(beside, 'mediasoup-worker')
    if ((await exitOf(program, [])) !== startedByAStranger) return false
    await rename(program, place.file)
    return true
  } finally {
    await rm(beside, { recursive: true, force: true })
  }
}

const exitOf = (command: string, args: string[]): Promise<number | null> =>
  new Promise((resolve) => {
    spawn(command, args, { stdio: 'ignore', env: {} })
      .once('error', () => resolve(null))
      .once('close', resolve)
  })
