import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'minio'
import { minioProgram } from '@atrium/platform/testing/programs'
import { freePort, program } from './program.ts'
import { answers } from './redis.ts'

/** A real S3 server on loopback. Each `bucket()` is a fresh one, given as the S3_URL of a hub. */
export async function minio(options: { port?: number } = {}) {
  const command = minioProgram()
  if (!command) throw new Error('needs MinIO')
  const folder = await mkdtemp(join(tmpdir(), 'atrium-minio-'))
  const port = options.port ?? (await freePort())
  const [accessKey, secretKey] = ['atrium', randomUUID()]
  const running = await program(
    'MinIO',
    command,
    ['server', '--quiet', '--address', `127.0.0.1:${port}`, '--console-address', '127.0.0.1:0', folder],
    {
      env: { MINIO_ROOT_USER: accessKey, MINIO_ROOT_PASSWORD: secretKey, MINIO_BROWSER: 'off', MINIO_UPDATE: 'off' },
      isReady: async () =>
        (await answers(port)) &&
        (await client()
          .listBuckets()
          .then(
            () => true,
            () => false,
          )),
    },
  )
  function client() {
    return new Client({ endPoint: '127.0.0.1', port, useSSL: false, accessKey, secretKey })
  }
  return {
    pid: running.pid,
    port,
    async bucket(): Promise<string> {
      const name = `bucket-${randomUUID()}`
      await client().makeBucket(name, 'us-east-1')
      return `http://${accessKey}:${secretKey}@127.0.0.1:${port}/${name}`
    },
    async stop(signal: NodeJS.Signals = 'SIGTERM') {
      await running.stop(signal)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
