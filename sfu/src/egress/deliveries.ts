import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { askAny, Refusal, type House } from '@atrium/platform'
import { AccountId, FileId, MeetingId } from '@atrium/protocol'

const About = z.object({ meetingId: MeetingId, folderId: FileId, accountId: AccountId, name: z.string() })
/** What a recording is of, and what it is to be called. */
export type About = z.output<typeof About>
type Needs = Pick<House, 'blobs' | 'bus' | 'placement' | 'log'> & { folder: string; newId: () => string }

const againMs = 5_000
/** Where an MP4 says what it holds: without it, not even a second was recorded. */
const headBytes = 65_536

/**
 * Recordings on their way: they grow in a folder of this node and are brought to the files of their room when they are whole,
 * or, after a crash, at the next start. Nothing is let go of before a server has it.
 */
export function deliveries({ folder, blobs, bus, placement, log, newId }: Needs) {
  const waiting = new Set<NodeJS.Timeout>()
  const running = new Set<Promise<void>>()
  const growing = new Set<string>()
  let isStopped = false
  const fileOf = (id: string) => join(folder, `${id}.mp4`)
  const aboutOf = (id: string) => join(folder, `${id}.json`)

  async function deliver(id: string): Promise<void> {
    const about = About.parse(JSON.parse(await readFile(aboutOf(id), 'utf8')))
    const isWorth = (await headOf(fileOf(id))).includes('moov')
    if (isWorth) {
      const { bytes, sha256 } = await blobs.put(id, createReadStream(fileOf(id)))
      await askAny({ bus, placement }, 'server', 'meetings.recorded', { ...about, key: id, bytes, sha256, type: 'video/mp4' })
    }
    await rm(fileOf(id), { force: true })
    await rm(aboutOf(id))
  }

  async function attempt(id: string): Promise<void> {
    try {
      await deliver(id)
    } catch (error) {
      const isForLater = !(error instanceof Refusal) || error.failure.code === 'unavailable'
      log.warn(
        { operation: 'recording.deliver', id, error },
        isForLater ? 'A recording waits to be filed.' : `A recording was refused; it stays in ${folder}.`,
      )
      if (isForLater && !isStopped) later(id)
    }
  }

  function later(id: string): void {
    const timer = setTimeout(() => {
      waiting.delete(timer)
      finished(id)
    }, againMs)
    waiting.add(timer)
  }

  function finished(id: string): void {
    growing.delete(id)
    const one = attempt(id).finally(() => running.delete(one))
    running.add(one)
  }

  return {
    /** A place for a new file. */
    async begin(about: About): Promise<{ id: string; file: string }> {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const id = newId()
      growing.add(id)
      await writeFile(`${aboutOf(id)}.new`, JSON.stringify(About.parse(about)), { mode: 0o600 })
      await rename(`${aboutOf(id)}.new`, aboutOf(id))
      return { id, file: fileOf(id) }
    },
    /** No more will be written to it. */
    finished,
    /** What an earlier process left behind. */
    async recover(): Promise<void> {
      const names = await readdir(folder).catch(() => [])
      for (const name of names) {
        const id = name.slice(0, -5)
        if (!name.endsWith('.json') || growing.has(id)) continue
        // Whoever composed it may outlive the process that was killed by a moment, and close it in order.
        const grewAt = (await stat(fileOf(id)).catch(() => undefined))?.mtimeMs ?? 0
        if (Date.now() - grewAt < againMs) later(id)
        else finished(id)
      }
    },
    /** Those on their way arrive, or wait for the next start. */
    async stop(): Promise<void> {
      isStopped = true
      for (const timer of waiting) clearTimeout(timer)
      await Promise.all(running)
    },
  }
}
export type Deliveries = ReturnType<typeof deliveries>

async function headOf(file: string): Promise<Buffer> {
  if (!(await stat(file).catch(() => undefined))) return Buffer.alloc(0)
  const opened = await open(file)
  try {
    const { buffer, bytesRead } = await opened.read({ buffer: Buffer.alloc(headBytes), position: 0 })
    return buffer.subarray(0, bytesRead)
  } finally {
    await opened.close()
  }
}
