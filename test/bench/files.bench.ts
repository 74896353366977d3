// One file of a gibibyte, up and down, beside the least that does it; and what the hub weighs meanwhile.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { request, type RequestOptions } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FileId } from '@atrium/protocol'
import { person } from '../../server/src/testing/person.ts'
import { fileOf } from '../../server/src/files/testing/sending.ts'
import { setupPath } from '../harness/hub-process.ts'
import { benchHub, helper } from './processes.ts'
import { alternate, pssMiB, report } from './rig.ts'

const bytes = Number(process.env['ATRIUM_TEST_BYTES'] ?? 2 ** 30)
const rounds = Number(process.env['ATRIUM_TEST_ROUNDS'] ?? 5)
const mib = 2 ** 20

const { hub, stop } = await benchHub()
const folder = await mkdtemp(join(tmpdir(), 'atrium-bench-'))
const bare = helper<{ file: string }, { port: number }>('files-bare.ts')
const bareUrl = `http://127.0.0.1:${(await bare.ask({ file: join(folder, 'bare') })).port}`

const me = person({ origin: hub.url, name: 'Ada', address: 'ada@example.org', password: 'a long enough password' })
const founding = { organisation: 'Example', domain: 'example.org', name: 'Ada', address: me.address, password: me.password }
await me.enter('setup.finish', { ...founding, token: (await setupPath([hub])).split('/').at(-1)! })
const { own } = await me.call('files.spaces', {})
const session = { cookie: me.cookie, origin: hub.url }

/** Sends as fast as it is taken. No two contents are the same, or the second would cost nothing. */
function send(url: string, options: RequestOptions): Promise<number> {
  const piece = randomBytes(256 * 1_024)
  return new Promise((resolve, reject) => {
    const begun = performance.now()
    const sending = request(url, { ...options, headers: { ...options.headers, 'content-length': bytes } }, (response) => {
      response.resume().on('end', () => resolve(perSecond(begun)))
      if (response.statusCode! >= 300) reject(new Error(`${url}: ${response.statusCode}`))
    }).on('error', reject)
    let sent = 0
    const go = () => {
      while (sent < bytes) {
        const chunk = piece.subarray(0, Math.min(piece.length, bytes - sent))
        sent += chunk.length
        if (!sending.write(chunk)) return void sending.once('drain', go)
      }
      sending.end()
    }
    go()
  })
}

function fetchAll(url: string, headers = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const begun = performance.now()
    request(url, { headers }, (response) => {
      let read = 0
      response.on('data', (chunk: Buffer) => (read += chunk.length))
      response.on('end', () => (read === bytes ? resolve(perSecond(begun)) : reject(new Error(`${url}: ${read} bytes`))))
    })
      .on('error', reject)
      .end()
  })
}
const perSecond = (begun: number) => bytes / mib / ((performance.now() - begun) / 1_000)

let last: FileId | undefined
async function upload(): Promise<number> {
  await forget()
  const { uploadId, path } = await me.call('files.upload.begin', { folderId: own.id, name: 'large.bin', bytes })
  const headers = { ...session, 'tus-resumable': '1.0.0', 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' }
  const rate = await send(new URL(path, hub.url).href, { method: 'PATCH', headers })
  last = (await fileOf(me, uploadId)).id
  return rate
}
async function forget(): Promise<void> {
  if (!last) return
  await me.call('files.trash', { fileIds: [last] })
  await me.call('files.delete', { fileIds: [last] })
}
async function download(): Promise<number> {
  const { path } = await me.call('files.download', { fileId: last! })
  return fetchAll(new URL(path, hub.url).href, session)
}

await send(bareUrl, { method: 'PUT' })
await upload()
const up = await alternate(rounds, () => send(`${bareUrl}/kept`, { method: 'PUT' }), upload)
const forgotten: number[] = []
for (let round = 0; round < rounds; round++) forgotten.push(await send(bareUrl, { method: 'PUT' }))
await download()
const down = await alternate(rounds, () => fetchAll(bareUrl), download)

// Looking at a process holds it up, so its weight is a round of its own.
const idle = pssMiB([hub.pid])
let most = idle
const watching = setInterval(() => (most = Math.max(most, pssMiB([hub.pid]))), 250)
await upload()
await download()
clearInterval(watching)

bare.end()
await stop()
await rm(folder, { recursive: true, force: true })
const what = `${Math.round(bytes / mib)} MiB`
const isReached = report('Files', [
  {
    what: `upload of ${what}, until it is a file whose hash is known`,
    unit: 'MiB/s',
    ours: up.ours,
    baseline: { what: 'bare http into a file with SHA-256, which a power cut leaves there as ours', values: up.baseline },
    reach: { atLeast: 0.75 },
  },
  { what: 'of that, bare http into a file that a power cut may take', unit: 'MiB/s', ours: forgotten },
  {
    what: `download of ${what}`,
    unit: 'MiB/s',
    ours: down.ours,
    baseline: { what: 'createReadStream().pipe(response)', values: down.baseline },
    reach: { atLeast: 0.9 },
  },
  { what: 'memory (PSS) of hub and database meanwhile, above before', unit: 'MiB', ours: [most - idle], reach: { atMost: 64 } },
])
process.exitCode = isReached ? 0 : 1
