import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, statfs } from 'node:fs/promises'
import { freemem } from 'node:os'
import { join } from 'node:path'

const memory = '/dev/shm'
const prefix = 'atrium-test-'
/** All of it together takes a third of a gibibyte at most; a run that leaves a machine without memory is no faster. */
const leastBytes = 4 * 2 ** 30

/**
 * Lets everything that is started keep its temporary files in memory, where there is plenty of it: a database is a thousand files, and
 * making them on a disk took as long as a third of all tests of the servers. Answers with what takes them away again.
 */
export async function groundInMemory(): Promise<() => Promise<void>> {
  // Whoever chose a place has a reason.
  if (process.env['TMPDIR'] !== undefined || !existsSync(memory)) return async () => {}
  await removeLeft()
  const { bavail, bsize } = await statfs(memory)
  if (bavail * bsize < leastBytes || freemem() < 2 * leastBytes) return async () => {}
  const folder = join(memory, `${prefix}${process.pid}`)
  await mkdir(folder, { mode: 0o700 })
  process.env['TMPDIR'] = folder
  return () => rm(folder, { recursive: true, force: true })
}

/** What a run that was killed has left: nobody else gives the memory back. */
async function removeLeft(): Promise<void> {
  const left = (await readdir(memory)).filter((name) => name.startsWith(prefix) && !existsSync(`/proc/${name.slice(prefix.length)}`))
  await Promise.all(left.map((name) => rm(join(memory, name), { recursive: true, force: true }).catch(() => {})))
}
