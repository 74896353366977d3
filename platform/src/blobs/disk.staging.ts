import { open, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { fail } from '../errors.ts'
import { checkedKey, type Staging } from './index.ts'

/** So much is written at once: large enough for few calls, small enough for many uploads side by side. */
const batchBytes = 1 << 20
/** So much is handed to the disk at a time, or all of it would have to be waited for at the end. */
const syncBytes = 64 << 20

interface Blobbing {
  isThere: (key: string) => Promise<boolean>
  /** Gives a file its place among the blobs. */
  settle: (file: string, key: string) => Promise<void>
}

/** A file that grows, in a folder of its own. Its length is what was received. */
export function diskStaging(dir: string, { isThere, settle }: Blobbing): Staging {
  const fileOf = (key: string) => join(dir, checkedKey(key))

  return {
    async size(key) {
      return (await stat(fileOf(key)).catch(absent))?.size ?? 0
    },
    async append(key, offset, content) {
      const handle = await open(fileOf(key), 'a+', 0o600)
      try {
        const { size } = await handle.stat()
        if (size < offset) throw new Error(`Only ${size} bytes are staged: nothing can be added at ${offset}.`)
        if (size > offset) await handle.truncate(offset)
        return await written(handle, offset, content)
      } catch (error) {
        throw orFull(error)
      } finally {
        await handle.close()
      }
    },
    async finish(key) {
      const isStaged = (await stat(fileOf(key)).catch(absent)) !== undefined
      // It was finished, and whoever did so died before saying it. What nothing was added to is a blob too, of no bytes.
      if (!isStaged && (await isThere(key))) return
      const handle = await open(fileOf(key), 'a', 0o600)
      try {
        await handle.sync()
      } finally {
        await handle.close()
      }
      await settle(fileOf(key), key)
    },
    async drop(key) {
      await rm(fileOf(key), { force: true })
    },
  }
}

/** While a batch is being written the next one comes in. */
async function written(handle: FileHandle, offset: number, content: AsyncIterable<Uint8Array>): Promise<number> {
  let at = offset
  let batch: Uint8Array[] = []
  let bytes = 0
  let writing: Promise<unknown> = Promise.resolve()
  let syncing: Promise<unknown> = Promise.resolve()
  let unsynced = 0
  let isSyncing = false

  async function flush() {
    await writing
    const [these, length] = [batch, bytes]
    batch = []
    bytes = 0
    at += length
    writing = whole(handle, these, length)
    // A fault is looked at by whoever waits next, which is always somebody.
    writing.catch(() => {})
    unsynced += length
    if (unsynced < syncBytes || isSyncing) return
    unsynced = 0
    isSyncing = true
    syncing = handle.datasync().finally(() => (isSyncing = false))
    syncing.catch(() => {})
  }

  try {
    for await (const chunk of content) {
      batch.push(chunk)
      bytes += chunk.length
      if (bytes >= batchBytes) await flush()
    }
  } finally {
    if (bytes > 0) await flush()
    await writing
    await syncing
    await handle.datasync()
  }
  return at
}

/** The file was opened to add to its end. */
async function whole(handle: FileHandle, batch: Uint8Array[], length: number): Promise<void> {
  const { bytesWritten } = await handle.writev(batch)
  if (bytesWritten === length) return
  const rest = Buffer.concat(batch).subarray(bytesWritten)
  for (let at = 0; at < rest.length;) at += (await handle.write(rest, at)).bytesWritten
}

/** A disk that is full, or that nothing can be written to, is no fault of ours, and passes. */
export function orFull(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  return code !== undefined && ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'].includes(code) ? fail('unavailable', 'unavailable') : error
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
