import { createHash, randomUUID } from 'node:crypto'
import { until } from '@atrium/platform/testing'
import type { Draft, File, FileId, Hub } from '@atrium/protocol'
import type { Person } from '../../testing/person.ts'

const headers = { 'tus-resumable': '1.0.0' }

/** How far an upload is, as the protocol says it. */
export async function offsetOf(who: Person, path: string): Promise<number> {
  const response = await who.http(path, { method: 'HEAD', headers })
  if (response.status !== 200) throw new Error(`HEAD ${path}: ${response.status}`)
  return Number(response.headers.get('upload-offset'))
}

/** Goes on with an upload. */
export const patched = (who: Person, path: string, offset: number, bytes: Buffer, more: Record<string, string> = {}): Promise<Response> =>
  who.http(path, {
    method: 'PATCH',
    headers: { ...headers, 'upload-offset': `${offset}`, 'content-type': 'application/offset+octet-stream', ...more },
    body: bytes as never,
  })

/** From the first question to the file that came of it. */
export async function uploaded(
  who: Person,
  folderId: FileId,
  name: string,
  bytes: Buffer,
  more: Partial<Draft<Hub, 'files.upload.begin'>> = {},
): Promise<File> {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const begun = await who.call('files.upload.begin', { clientId: randomUUID(), folderId, name, bytes: bytes.length, sha256, ...more })
  const response = await patched(who, begun.path, 0, bytes)
  if (response.status !== 204) throw new Error(`PATCH: ${response.status} ${await response.text()}`)
  return fileOf(who, begun.uploadId)
}

/** What became of an upload. */
export async function fileOf(who: Person, uploadId: string): Promise<File> {
  const ended = await until('the upload is done', async () => {
    const now = await who.call('files.upload.state', { uploadId })
    return now.state === 'done' || now.state === 'failed' ? now : undefined
  })
  if (!ended.file) throw new Error(`The upload ended as ${ended.state}: ${ended.problem}`)
  return ended.file
}

export async function download(who: Person, fileId: FileId, more: Partial<Draft<Hub, 'files.download'>> = {}, init: RequestInit = {}) {
  const { path } = await who.call('files.download', { fileId, ...more })
  return who.http(path, init)
}

export async function bytesOf(who: Person, fileId: FileId, more: Partial<Draft<Hub, 'files.download'>> = {}): Promise<Buffer> {
  const response = await download(who, fileId, more)
  if (response.status !== 200) throw new Error(`GET: ${response.status} ${await response.text()}`)
  return Buffer.from(await response.arrayBuffer())
}
