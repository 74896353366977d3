import { existsSync, rmSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'

const memory = '/dev/shm'
const folders = /^atrium-ground-(\d+)-/
/** All temporary files of a run at once take some 300 MiB; the rest is for whoever else is here. */
const leastRoom = 4 * 2 ** 30
const leastMemory = 8 * 2 ** 30

/**
 * Lets everything that is started keep its temporary files in memory, where there is plenty of it: a database is a thousand files, and
 * making them on a disk took as long as a third of all tests of the servers. It is given back when this process ends.
 */
export async function groundInMemory(): Promise<void> {
  // Whoever chose a place has a reason.
  if (process.env['TMPDIR'] !== undefined || !(await isFit())) return
  await removeLeft()
  const folder = await mkdtemp(join(memory, `atrium-ground-${process.pid}-`))
  process.env['TMPDIR'] = folder
  process.once('exit', () => {
    try {
      rmSync(folder, { recursive: true, force: true })
    } catch {
      // Somebody still writes there: the next run takes what stays.
    }
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
}

async function isFit(): Promise<boolean> {
  if (!existsSync(memory) || process.availableMemory() < leastMemory) return false
  const { bavail, bsize } = await statfs(memory)
  if (bavail * bsize < leastRoom) return false
  const mounts = await readFile('/proc/mounts', 'utf8').catch(() => '')
  // Some tests write a program and run it.
  return !mounts.split('\n').some((line) => line.split(' ')[1] === memory && /\bnoexec\b/.test(line))
}

/** What a run that was killed has left: nobody else gives the memory back. */
async function removeLeft(): Promise<void> {
  const isLeft = (name: string) => {
    const pid = folders.exec(name)?.[1]
    return pid !== undefined && (Number(pid) === process.pid || !existsSync(`/proc/${pid}`))
  }
  const left = (await readdir(memory)).filter(isLeft)
  await Promise.all(left.map((name) => rm(join(memory, name), { recursive: true, force: true }).catch(() => {})))
}
