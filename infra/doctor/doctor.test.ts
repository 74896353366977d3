import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, test } from 'vitest'
import { configFrom, migrate, openDatabase } from '@atrium/platform'
import { postgres } from '../servers/index.ts'
import { doctor } from './index.ts'

let folder: string
let taken: ReturnType<typeof createServer>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atrium-doctor-'))
  taken = createServer((_request, response) => response.writeHead(200).end('ok\n')).listen(0, '127.0.0.1')
  await once(taken, 'listening')
})
afterAll(async () => {
  taken.close()
  await rm(folder, { recursive: true })
})

/** Nothing listens on port 1; the media worker is one that ends at once. */
async function seen(env: Record<string, string>) {
  const lines: string[] = []
  const isWell = await doctor(
    configFrom({ ATRIUM_DATA: join(folder, 'data'), MEDIASOUP_WORKER_BIN: join(folder, 'nothing'), ...env }, []),
    (line) => lines.push(line),
  )
  return { isWell, said: lines.join('\n') }
}
const takenPort = () => `${(taken.address() as AddressInfo).port}`

const ill: [string, () => Record<string, string>, RegExp[]][] = [
  ['a port that is taken', () => ({ ATRIUM_PORT: takenPort() }), [/✗ Port: \d+ is taken/, /choose another with ATRIUM_PORT/]],
  [
    'an address that is not ours',
    () => ({ ATRIUM_HOST: '203.0.113.5' }),
    [/✗ Port: 203\.0\.113\.5 cannot be listened on/, /Set ATRIUM_HOST/],
  ],
  [
    'an open hub without HTTPS',
    () => ({ ATRIUM_HOST: '0.0.0.0', ATRIUM_PORT: '0' }),
    [/✗ Address: .*camera and microphone to HTTPS pages only/, /--tls/],
  ],
  [
    'a database that is away',
    () => ({ DATABASE_URL: 'postgres://hub@127.0.0.1:1/hub' }),
    [/✗ Database: it does not answer/, /Is DATABASE_URL right/],
  ],
  [
    'a bus that is away',
    () => ({ DATABASE_URL: 'postgres://hub@127.0.0.1:1/hub', REDIS_URL: 'redis://127.0.0.1:1' }),
    [/✗ Bus: Redis does not answer/, /Is REDIS_URL right/],
  ],
  [
    'a bucket that is away',
    () => ({ S3_URL: 'http://key:secret@127.0.0.1:1/files' }),
    [/✗ Files: the bucket does not take files/, /Look at S3_URL/],
  ],
  [
    'a mail server that is away',
    () => ({ SMTP_URL: 'smtp://127.0.0.1:1', ATRIUM_MAIL_FROM: 'a@b.example', ATRIUM_ORIGIN: 'http://hub.localhost' }),
    [/✗ Mail: the mail server does not take letters/, /Look at SMTP_URL/],
  ],
  ['an announced address that is none', () => ({ ATRIUM_ANNOUNCED: '0.0.0.0' }), [/✗ Meetings: ATRIUM_ANNOUNCED names 0\.0\.0\.0/]],
  ['a media worker that is not there', () => ({}), [/✗ Meetings: MEDIASOUP_WORKER_BIN names .*nothing, which is not there/]],
  ['a media worker that does not run', () => ({ MEDIASOUP_WORKER_BIN: '/bin/false' }), [/✗ Meetings: the media worker does not start/]],
  [
    'a relay that is away',
    () => ({ ATRIUM_TURN_URLS: 'turn:127.0.0.1:1', ATRIUM_TURN_SECRET: 'a long secret' }),
    [/✗ Relays: turn:127\.0\.0\.1:1 does not answer/, /Is the relay running/],
  ],
]
test.each(ill)('%s is found, with what to do', async (_what, env, sentences) => {
  const { isWell, said } = await seen(env())
  assert.equal(isWell, false)
  for (const sentence of sentences) assert.match(said, sentence)
  assert.match(said, /Something is to be done/)
})

test('a hub that runs is found by its note, and its origin by asking', async () => {
  const url = `http://127.0.0.1:${takenPort()}`
  const data = await mkdtemp(join(folder, 'running-'))
  await writeFile(join(data, 'address'), url)
  const { said } = await seen({ ATRIUM_DATA: data, ATRIUM_ORIGIN: url })
  assert.match(said, /✓ Port: the hub runs, and answers at http/)
  assert.match(said, /✓ Address: http.* leads here/)
})

test('what is well is said too', async () => {
  const { said } = await seen({ ATRIUM_PORT: '0' })
  for (const about of ['Port', 'Address', 'Folder', 'Database', 'Bus', 'Files', 'Contents', 'Mail', 'Relays'])
    assert.match(said, new RegExp(`✓ ${about}: `))
})

test('what the daily comparison of files and rows found is said, with what to do', async () => {
  const server = await postgres()
  try {
    const url = await server.database()
    const db = openDatabase({ connectionString: url, max: 1 })
    await migrate(db)
    const found = async (blobs: number, removed: number, spared: number, lost: number) => {
      await sql`delete from blob_sweep`.execute(db)
      await sql`insert into blob_sweep (at, blobs, removed, spared, lost) values (now(), ${blobs}, ${removed}, ${spared}, ${lost})`.execute(
        db,
      )
      return (await seen({ DATABASE_URL: url })).said
    }
    assert.match(await found(90, 3, 0, 0), /✓ Contents: 90 files are where they belong .*; 3 that belonged to nothing were removed/)
    assert.match(await found(90, 0, 0, 2), /✗ Contents: 2 files that the hub knows of are gone .*\n.*from a backup/)
    assert.match(await found(900, 0, 400, 0), /✗ Contents: of 900 files .* nothing of 400 .*\n.*a store of its own/)
    await db.destroy()
  } finally {
    await server.stop()
  }
})

if (process.getuid?.() !== 0)
  test('a folder that may not be written', async () => {
    const data = await mkdtemp(join(folder, 'closed-'))
    await chmod(data, 0o500)
    assert.match((await seen({ ATRIUM_DATA: data })).said, /✗ Folder: .* cannot be written/)
  })
