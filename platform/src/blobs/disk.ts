import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fail } from '../errors.ts'
import { diskStaging, orFull } from './disk.staging.ts'
import { checkedKey, checkedRange, type Blobs, type Stored } from './index.ts'

/** What is being written, apart from what is there. */
const incoming = 'incoming'
/** What comes in pieces. It may lie there for days; whoever began it says when it goes. */
const staged = 'staged'
/** So much is read at a time of what is large: in smaller pieces a download takes a tenth longer. Who reads slowly keeps two of them. */
const readBytes = 1 << 20
const largeBytes = 8 << 20
/** Half-written blobs of processes that were killed; nobody writes one for a day. */
const staleMs = 86_400_000

/** Blobs as files, in 256 folders by the hash of their keys. */
export async function diskBlobs(dir: string): Promise<Blobs> {
  for (const name of [incoming, staged]) await mkdir(join(dir, name), { recursive: true, mode: 0o700 })
  for (const left of await readdir(join(dir, incoming))) {
    const file = join(dir, incoming, left)
    const found = await stat(file).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > staleMs) await rm(file, { force: true })
  }

  const folderOf = (key: string) => join(dir, createHash('sha256').update(key).digest('hex').slice(0, 2))
  const fileOf = (key: string) => join(folderOf(checkedKey(key)), key)
  const found = async (key: string) => {
    const file = await stat(fileOf(key)).catch(absent)
    return file?.isFile() ? file : undefined
  }

  async function settle(file: string, key: string, target: string): Promise<void> {
    await mkdir(folderOf(key), { recursive: true, mode: 0o700 })
    await rename(file, target)
    // The name lies in the folder: without this it could be gone after a power cut, though the bytes are there.
    await synced(folderOf(key))
  }

  return {
    async put(key, content, { maxBytes = Infinity } = {}): Promise<Stored> {
      const target = fileOf(key)
      const beside = join(dir, incoming, randomUUID())
      try {
        const stored = await written(beside, content, maxBytes)
        await settle(beside, key, target)
        return stored
      } catch (error) {
        await rm(beside, { force: true })
        throw orFull(error)
      }
    },
    async get(key, range) {
      const file = await found(key)
      if (!file) throw fail('not_found', 'notFound')
      const { start, end } = checkedRange(range, file.size)
      return file.size === 0
        ? Readable.from([])
        : createReadStream(fileOf(key), { start, end, ...(end - start > largeBytes && { highWaterMark: readBytes }) })
    },
    async stat(key) {
      const file = await found(key)
      return file && { bytes: file.size, at: file.mtime }
    },
    async delete(key) {
      await rm(fileOf(key), { force: true })
    },
    async *list() {
      for (const folder of await readdir(dir)) {
        if (folder === incoming || folder === staged) continue
        for (const key of await readdir(join(dir, folder))) {
          const file = await found(key)
          if (file) yield { key, bytes: file.size, at: file.mtime }
        }
      }
    },
    staging: diskStaging(join(dir, staged), {
      isThere: async (key) => (await found(key)) !== undefined,
      settle: (file, key) => settle(file, key, fileOf(key)),
    }),
    async close() {},
  }
}

async function written(file: string, content: Readable | Uint8Array, maxBytes: number): Promise<Stored> {
  const handle = await open(file, 'wx', 0o600)
  try {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of content instanceof Readable ? (content as AsyncIterable<Uint8Array>) : [content]) {
      bytes += chunk.length
      if (bytes > maxBytes) throw fail('too_large', 'tooLarge', { params: { limit: maxBytes } })
      hash.update(chunk)
      for (let at = 0; at < chunk.length;) at += (await handle.write(chunk, at)).bytesWritten
    }
    await handle.sync()
    return { bytes, sha256: hash.digest('hex') }
  } finally {
    await handle.close()
  }
}

async function synced(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
