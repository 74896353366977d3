// The least that does it: `http` into a file with its SHA-256, on the disk where that is asked for; and a file out of `createReadStream`.
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

process.once('message', ({ file }: { file: string }) => {
  const server = createServer(async (request, response) => {
    if (request.method === 'GET') {
      response.setHeader('content-length', (await stat(file)).size)
      return void createReadStream(file).pipe(response)
    }
    const hash = createHash('sha256')
    const hashed = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk)
        done(null, chunk)
      },
    })
    await pipeline(request, hashed, createWriteStream(file))
    if (request.url === '/kept') {
      const handle = await open(file)
      await handle.sync()
      await handle.close()
    }
    response.end(hash.digest('hex'))
  })
  server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as { port: number }).port }))
})
