import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, test } from 'vitest'
import { Refusal } from '../errors.ts'
import { until } from '../testing/index.ts'
import { notRun } from '../testing/needs.ts'
import { minioProgram } from '../testing/programs.ts'
import { answers, freePort } from '../testing/redis.ts'
import { blobsContract } from './contract.ts'
import { diskBlobs } from './disk.ts'
import { s3Blobs } from './s3.ts'

const folder = () => mkdtemp(join(tmpdir(), 'atrium-blobs-'))

blobsContract('disk', async () => {
  const dir = await folder()
  return { blobs: await diskBlobs(dir), close: () => rm(dir, { recursive: true }) }
})

test('disk: nobody else on the machine may even see what there is', async () => {
  const dir = join(await folder(), 'data', 'blobs')
  const blobs = await diskBlobs(dir)
  await blobs.put('picture', Buffer.from('private'))
  const made = ['..', '.', ...(await readdir(dir))].map((name) => join(dir, name))
  assert.deepEqual(
    await Promise.all(made.map(async (path) => [path, ((await stat(path)).mode & 0o777).toString(8)])),
    made.map((path) => [path, '700']),
  )
})

test('disk: what a killed process left half-written is swept, what is being written is not', async () => {
  const dir = await folder()
  const blobs = await diskBlobs(dir)
  const { promise: more, resolve } = Promise.withResolvers<void>()
  async function* slowly() {
    yield Buffer.from('a')
    await more
    yield Buffer.from('b')
  }
  const storing = blobs.put('slow', Readable.from(slowly()))
  await until('it is being written', async () => (await readdir(join(dir, 'incoming'))).length === 1)
  await writeFile(join(dir, 'incoming/left'), 'half')
  await utimes(join(dir, 'incoming/left'), 0, 0)

  await diskBlobs(dir)
  assert.equal((await readdir(join(dir, 'incoming'))).length, 1)
  assert.equal(await blobs.stat('slow'), undefined)
  resolve()
  assert.equal((await storing).bytes, 2)
  assert.deepEqual(await readdir(join(dir, 'incoming')), [])
  await rm(dir, { recursive: true })
})

const given = process.env['ATRIUM_TEST_S3_URL']
const program = minioProgram()
if (given) blobsContract('s3', async () => ({ blobs: await s3Blobs(given), close: async () => {} }))
else if (!program) notRun('blobs/s3', 'a MinIO (built by `npm test` where Go is at hand) or ATRIUM_TEST_S3_URL')
else
  describe('s3', () => {
    async function minio() {
      const [dir, port] = [await folder(), await freePort()]
      const env = { ...process.env, MINIO_ROOT_USER: 'atrium', MINIO_ROOT_PASSWORD: 'atrium-secret' }
      const server = spawn(program!, ['server', '--quiet', '--address', `127.0.0.1:${port}`, dir], { stdio: 'ignore', env })
      await until('MinIO answers', () => answers(port), 20_000)
      return {
        url: `http://atrium:atrium-secret@127.0.0.1:${port}/files`,
        async close() {
          const ended = once(server, 'exit')
          server.kill()
          await ended
          await rm(dir, { recursive: true })
        },
      }
    }
    blobsContract('s3', async () => {
      const server = await minio()
      const blobs = await until('the bucket is there', () => s3Blobs(server.url).catch(() => undefined), 20_000)
      return { blobs, close: server.close }
    })

    test('a store that is away is unavailable', async () => {
      const server = await minio()
      const blobs = await until('the bucket is there', () => s3Blobs(server.url).catch(() => undefined), 20_000)
      await server.close()
      const unavailable = (error: unknown) => error instanceof Refusal && error.failure.code === 'unavailable'
      await assert.rejects(blobs.get('x'), unavailable)
      await assert.rejects(blobs.put('x', Buffer.from('x')), unavailable)
    })
  })
