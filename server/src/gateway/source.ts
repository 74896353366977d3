import { createReadStream } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Express } from 'express'
import { fail, networkOf, type Throttle } from '@atrium/platform'
import type { Http } from '@atrium/platform/http'

/** The top of what this hub runs from. */
const home = join(import.meta.dirname, '../../..')
const folders = ['protocol', 'platform', 'server', 'sfu', 'collab', 'web', 'mobile', 'infra', 'test', 'docs', '.ci']
const files = [
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'vitest.config.ts', 'eslint.config.js'],
  ...['.gitignore', '.npmrc', '.prettierignore', '.prettierrc.json'],
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'LICENSE'],
]
/** What is made from the source, or kept beside it: never part of it, wherever it lies. */
const isLeftOut = (name: string) =>
  ['node_modules', 'build', 'data', 'results', 'paraglide', 'cache'].includes(name) || name.startsWith('.')

const perCaller = { times: 10, perMs: 60_000 }

/** The running hub's own source, for everybody who uses it: AGPL, section 13. */
export function sourceDoor(app: Express, { throttle, sourceOf }: { throttle: Pick<Throttle, 'take'>; sourceOf: Http['sourceOf'] }): void {
  app.get('/source', async (request, response) => {
    const retryAfterMs = throttle.take(`source ${networkOf(sourceOf(request))}`, perCaller)
    if (retryAfterMs > 0) throw fail('rate_limited', 'rateLimited', { retryAfterMs })
    response.set({
      'content-type': 'application/gzip',
      'content-disposition': 'attachment; filename="atrium-source.tar.gz"',
      'cache-control': 'no-cache',
    })
    try {
      await pipeline(Readable.from(archive(await sourceFiles())), createGzip(), response)
    } catch (error) {
      // Who stops reading has had enough: that is no error.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
    }
  })
}

/** The files of the source, named from its top. Links are not followed: what they lead to is listed where it lies. */
export async function sourceFiles(root = home): Promise<{ name: string; path: string; bytes: number; at: Date }[]> {
  const listed = await Promise.all(folders.map((folder) => filesBelow(root, folder)))
  const found = await Promise.all(
    [...files, ...listed.flat()].map(async (name) => {
      const path = join(root, name)
      const about = await lstat(path).catch(() => undefined)
      return about?.isFile() ? [{ name, path, bytes: about.size, at: about.mtime }] : []
    }),
  )
  return found.flat()
}

async function filesBelow(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => [])
  const kept = entries.filter(({ name }) => !isLeftOut(name)).sort((one, other) => (one.name < other.name ? -1 : 1))
  const below = await Promise.all(
    kept.map((entry) => (entry.isDirectory() ? filesBelow(root, `${folder}/${entry.name}`) : [`${folder}/${entry.name}`])),
  )
  return below.flat()
}

const block = 512

/** As POSIX.1-1988 describes it: a header of 512 bytes before each file, zeros up to the next 512, and two empty blocks. */
async function* archive(all: Awaited<ReturnType<typeof sourceFiles>>): AsyncGenerator<Buffer> {
  for (const { name, path, bytes, at } of all) {
    yield headerOf(`atrium/${name}`, bytes, at)
    // Read to the length that the header says, even if somebody writes to it meanwhile.
    let left = bytes
    if (bytes > 0)
      for await (const chunk of createReadStream(path, { end: bytes - 1 })) {
        left -= (chunk as Buffer).length
        yield chunk as Buffer
      }
    yield Buffer.alloc(left + ((block - (bytes % block)) % block))
  }
  yield Buffer.alloc(2 * block)
}

function headerOf(name: string, bytes: number, at: Date): Buffer {
  const header = Buffer.alloc(block)
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0')
  // A long name is split at a folder: up to 100 bytes of it here, up to 155 before.
  const cut = Buffer.byteLength(name) > 100 ? name.indexOf('/', name.length - 101) : -1
  header.write(name.slice(cut + 1), 0, 100)
  if (cut > 0) header.write(name.slice(0, cut), 345, 155)
  header.write('0000644\0' + '0000000\0' + '0000000\0', 100)
  header.write(`${octal(bytes, 11)}\0${octal(Math.floor(at.getTime() / 1_000), 11)}\0`, 124)
  header.write(`${' '.repeat(8)}0`, 148)
  header.write('ustar\0' + '00', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${octal(sum, 6)}\0 `, 148)
  return header
}
