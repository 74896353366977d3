import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { Client } from 'minio'
import { fail } from '../errors.ts'
import { checkedKey, checkedRange, isKey, type Blobs, type Stored } from './index.ts'
import { absent, available, partBytes } from './s3.common.ts'
import { s3Staging } from './s3.staging.ts'

/** Blobs in a bucket of any S3 server: `http(s)://key:secret@host[:port]/bucket[?region=…]`. */
export async function s3Blobs(url: string): Promise<Blobs> {
  const { protocol, hostname, port, username, password, pathname, searchParams } = new URL(url)
  const bucket = pathname.split('/')[1]!
  const region = searchParams.get('region') ?? 'us-east-1'
  const client = new Client({
    endPoint: hostname.replace(/^\[|\]$/g, ''),
    ...(port && { port: Number(port) }),
    useSSL: protocol === 'https:',
    accessKey: decodeURIComponent(username),
    secretKey: decodeURIComponent(password),
    region,
    partSize: partBytes,
  })
  if (!(await available(client.bucketExists(bucket)))) await client.makeBucket(bucket, region)

  const stat = async (key: string) => {
    const found = await available(client.statObject(bucket, checkedKey(key))).catch(absent)
    return found && { bytes: found.size, at: found.lastModified }
  }

  return {
    async put(key, content, { maxBytes = Infinity } = {}): Promise<Stored> {
      checkedKey(key)
      const hash = createHash('sha256')
      let bytes = 0
      const upload = multipart(client, bucket, key)
      try {
        for await (const part of partsOf(content)) {
          bytes += part.length
          if (bytes > maxBytes) throw fail('too_large', 'tooLarge', { params: { limit: maxBytes } })
          hash.update(part)
          await available(upload.send(part))
        }
        await available(upload.finish())
        return { bytes, sha256: hash.digest('hex') }
      } catch (error) {
        await upload.abort()
        throw error
      }
    },
    async get(key, range) {
      const found = await stat(key)
      if (!found) throw fail('not_found', 'notFound')
      const { start, end } = checkedRange(range, found.bytes)
      if (found.bytes === 0) return Readable.from([])
      return available(client.getPartialObject(bucket, key, start, end - start + 1))
    },
    stat,
    async delete(key) {
      await available(client.removeObject(bucket, checkedKey(key)))
    },
    async *list() {
      for await (const { name, size, lastModified } of client.listObjectsV2(bucket, '', true))
        // What is staged lies there under names that are none of a blob.
        if (name !== undefined && isKey(name)) yield { key: name, bytes: size ?? 0, at: lastModified ?? new Date(0) }
    },
    staging: s3Staging(client, bucket),
    async close() {},
  }
}

/** In parts that the store takes: all but the last of the same size, the last perhaps empty. */
async function* partsOf(content: Readable | Uint8Array): AsyncGenerator<Buffer> {
  let waiting: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of content instanceof Readable ? (content as AsyncIterable<Uint8Array>) : [content]) {
    waiting.push(chunk)
    bytes += chunk.length
    while (bytes >= partBytes) {
      const all = Buffer.concat(waiting)
      yield all.subarray(0, partBytes)
      waiting = [all.subarray(partBytes)]
      bytes -= partBytes
    }
  }
  yield Buffer.concat(waiting)
}

/**
 * One request for what fits into a part, several for the rest. Not the library's own for streams: it waits for ever when
 * the stream breaks, resumes whatever upload of that name it finds, and cannot store nothing.
 */
function multipart(client: Client, bucket: string, key: string) {
  const parts: { part: number; etag: string }[] = []
  let first: Buffer | undefined
  let id: string | undefined

  async function sendPart(content: Buffer) {
    id ??= await client.initiateNewMultipartUpload(bucket, key, {})
    const headers = { 'Content-Length': content.length }
    const { etag } = await client.uploadPart(
      { bucketName: bucket, objectName: key, uploadID: id, partNumber: parts.length + 1, headers },
      content,
    )
    parts.push({ part: parts.length + 1, etag })
  }
  return {
    async send(content: Buffer): Promise<void> {
      if (first === undefined && id === undefined) {
        first = content
        return
      }
      if (first) await sendPart(first)
      first = undefined
      if (content.length > 0) await sendPart(content)
    },
    async finish(): Promise<void> {
      if (id === undefined) await client.putObject(bucket, key, first!)
      else await client.completeMultipartUpload(bucket, key, id, parts)
    },
    /** Parts that stay behind when even this fails are swept by the store. */
    async abort(): Promise<void> {
      if (id !== undefined) await client.abortMultipartUpload(bucket, key, id).catch(() => {})
    },
  }
}
