import { buffer } from 'node:stream/consumers'
import type { Client } from 'minio'
import { checkedKey, type Staging } from './index.ts'
import { absent, available, partBytes } from './s3.common.ts'

interface Part {
  part: number
  etag: string
  size: number
}

/**
 * A multipart upload that nobody has completed yet. What does not fill a part lies beside it under a name that says where it
 * begins: after a crash, one whose place a part has taken means nothing. The store itself knows all there is to know.
 */
export function s3Staging(client: Client, bucket: string): Staging {
  const restName = (key: string, at: number) => `${key}.at${at}`
  const bytesOf = (parts: readonly Part[]) => parts.reduce((sum, { size }) => sum + size, 0)
  const statOf = (name: string) => available(client.statObject(bucket, name)).catch(absent)

  /** Its parts in order, as far as there is an upload. */
  async function look(key: string) {
    const id = await available(client.findUploadId(bucket, checkedKey(key)))
    const parts: Part[] = id === undefined ? [] : (await available(partsOf(client, bucket, key, id))).sort((a, b) => a.part - b.part)
    const at = bytesOf(parts)
    const rest = await statOf(restName(key, at))
    return { id, parts, at, restBytes: rest?.size ?? 0 }
  }

  const restOf = async (key: string, at: number) => buffer(await available(client.getObject(bucket, restName(key, at))))

  async function dropRests(key: string): Promise<void> {
    for await (const { name } of client.listObjectsV2(bucket, `${checkedKey(key)}.at`, true))
      if (name !== undefined) await available(client.removeObject(bucket, name))
  }

  async function send(key: string, id: string, part: number, content: Buffer): Promise<Part> {
    const headers = { 'Content-Length': content.length }
    const { etag } = await available(
      client.uploadPart({ bucketName: bucket, objectName: key, uploadID: id, partNumber: part, headers }, content),
    )
    return { part, etag, size: content.length }
  }

  return {
    async size(key) {
      const { at, restBytes } = await look(key)
      return at + restBytes
    },

    async append(key, offset, content) {
      const { id: known, parts, at, restBytes } = await look(key)
      if (offset < at || offset > at + restBytes)
        throw new Error(`${at + restBytes} bytes are staged, ${at} of them for good: nothing can be added at ${offset}.`)
      let id = known
      let sent = at
      let waiting: Uint8Array[] = offset > at ? [(await restOf(key, at)).subarray(0, offset - at)] : []
      let bytes = offset - at
      // While a part is on its way the next one comes in.
      let sending: Promise<unknown> = Promise.resolve()

      async function flush() {
        const all = Buffer.concat(waiting)
        const part = all.subarray(0, partBytes)
        waiting = all.length > partBytes ? [all.subarray(partBytes)] : []
        bytes -= partBytes
        await sending
        id ??= await available(client.initiateNewMultipartUpload(bucket, key, {}))
        const number = parts.length + 1
        parts.push({ part: number, etag: '', size: part.length })
        sending = send(key, id, number, part)
        sending.catch(() => {})
        sent += part.length
      }

      try {
        for await (const chunk of content) {
          waiting.push(chunk)
          bytes += chunk.length
          while (bytes >= partBytes) await flush()
        }
      } finally {
        await sending
        if (bytes > 0) {
          const rest = Buffer.concat(waiting)
          await available(client.putObject(bucket, restName(key, sent), rest, rest.length))
        }
      }
      return sent + bytes
    },

    async finish(key) {
      if (await statOf(checkedKey(key))) return dropRests(key)
      const { id, parts, at, restBytes } = await look(key)
      const rest = restBytes > 0 ? await restOf(key, at) : Buffer.alloc(0)
      if (id === undefined) await available(client.putObject(bucket, key, rest, rest.length))
      else {
        if (rest.length > 0) parts.push(await send(key, id, parts.length + 1, rest))
        await available(client.completeMultipartUpload(bucket, key, id, parts))
      }
      await dropRests(key)
    },

    async drop(key) {
      const id = await available(client.findUploadId(bucket, checkedKey(key)))
      if (id !== undefined) await available(client.abortMultipartUpload(bucket, key, id))
      await dropRests(key)
    },
  }
}

/** The library has it, but not for others: it is what its own resuming rests on. */
const partsOf = (client: Client, bucket: string, key: string, id: string): Promise<Part[]> =>
  (client as unknown as { listParts(bucket: string, key: string, id: string): Promise<Part[]> }).listParts(bucket, key, id)
