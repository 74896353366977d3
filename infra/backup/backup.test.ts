import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { sql, type Kysely } from 'kysely'
import { afterAll, beforeAll, test } from 'vitest'
import { migrate, openDatabase } from '@atrium/platform'
import { diskBlobs } from '@atrium/platform/blobs/disk'
import { configFrom } from '@atrium/platform/config'
import { extract } from 'tar-stream'
import { migrations as ofCollab } from '../../collab/migrations/index.ts'
import { migrations as ofServer } from '../../server/migrations/index.ts'
import { postgres } from '../servers/index.ts'
import { backup } from './backup.ts'
import { migrateTo, withDatabase, type OpenDatabase } from './database.ts'
import { restore } from './restore.ts'
import { tablesOf } from './schema.ts'

let folder: string
let server: Awaited<ReturnType<typeof postgres>>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atrium-backup-'))
  server = await postgres()
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true })
})

const on = (url: string, use: (open: OpenDatabase) => Promise<void>) => withDatabase(configFrom({ DATABASE_URL: url }, []), 'existing', use)

/** A database with facts in it, and somebody who goes on writing: a fact and its number, always both or neither. */
async function busyHub() {
  const url = await server.database()
  const db = openDatabase({ connectionString: url })
  await migrate(db, { ...ofServer, ...ofCollab })
  let written = 0
  let isBusy = true
  const fact = (topic: string) =>
    db.transaction().execute(async (tx) => {
      const { rows } = await sql<{ seq: number }>`
        insert into topic (name, seq) values (${topic}, 1) on conflict (name) do update set seq = topic.seq + 1 returning seq`.execute(tx)
      await sql`insert into journal (topic, seq, name, payload) values (${topic}, ${rows[0]!.seq}, 'a.fact', ${JSON.stringify({ text: 'tab\t line\n \\N 🙂' })})`.execute(
        tx,
      )
      written++
    })
  for (let n = 0; n < 500; n++) await fact(`room:${n % 7}`)
  const load = (async () => {
    while (isBusy) await fact(`room:${written % 7}`)
  })()
  return {
    url,
    db,
    written: () => written,
    async calm() {
      isBusy = false
      await load
      await db.destroy()
    },
  }
}

async function contents(db: Kysely<any>, client: OpenDatabase['client']) {
  const all: Record<string, string[]> = {}
  for (const { name, columns } of await tablesOf(client)) {
    const { rows } = await sql<{
      row: string
    }>`select r::text as row from (select ${sql.join(columns.map((column) => sql.ref(column)))} from ${sql.table(name)}) r order by 1`.execute(
      db,
    )
    all[name] = rows.map(({ row }) => row)
  }
  return all
}

const epochOf = async (db: Kysely<any>) => (await sql<{ id: string }>`select id from epoch`.execute(db)).rows[0]!.id
const now = () => new Date('2030-01-01T00:00:00Z')

test('a backup under load is one moment, and comes back equal elsewhere, in a new epoch', async () => {
  const hub = await busyHub()
  const blobs = await diskBlobs(join(folder, randomUUID()))
  const pictures = new Map(Array.from({ length: 20 }, (_, n) => [`picture-${n}`, randomBytes(n * 40_000)]))
  for (const [key, bytes] of pictures) await blobs.put(key, bytes)
  const file = join(folder, 'hub.tar')
  const before = hub.written()
  await on(hub.url, async ({ client }) => void (await backup({ client, blobs, file, version: '1', now })))
  assert.ok(hub.written() > before, 'nobody wrote meanwhile: this was no backup under load')
  const { ino } = await stat(file)
  await on(hub.url, async ({ client }) => {
    await assert.rejects(backup({ client, blobs, file, version: '1', now }), /is there already/)
    assert.equal((await stat(file)).ino, ino, 'the backup that was there is as it was')
    await backup({ client, blobs, file, version: '1', now, isForced: true })
    assert.notEqual((await stat(file)).ino, ino)
  })
  const epoch = await epochOf(hub.db)
  await hub.calm()

  const elsewhere = await diskBlobs(join(folder, randomUUID()))
  await on(await server.database(), async ({ client, db }) => {
    await restore({ client, blobs: elsewhere, file, migrateTo: (names) => migrateTo(db, names) })
    const { rows } = await sql<{ topic: string; is: number; counted: number }>`
      select topic.name as topic, topic.seq as is, (select count(*) from journal where journal.topic = topic.name) as counted from topic`.execute(
      db,
    )
    assert.equal(rows.length, 7)
    for (const { topic, is, counted } of rows) assert.equal(counted, is, `${topic} was torn`)
    assert.notEqual(await epochOf(db), epoch)

    // Once more, now that nobody writes: what was restored, saved and restored again is the same to the last row.
    const again = join(folder, 'again.tar')
    const first = await contents(db, client)
    assert.ok(first['journal']!.length >= before && first['journal']![0]!.includes('\\N'))
    await backup({ client, blobs: elsewhere, file: again, version: '1', now })
    await on(await server.database(), async (third) => {
      const other = await diskBlobs(join(folder, randomUUID()))
      await restore({ client: third.client, blobs: other, file: again, migrateTo: (names) => migrateTo(third.db, names) })
      assert.deepEqual(await contents(third.db, third.client), first)
      // The hub goes on writing in it: numbers that the database gives are not given twice.
      await sql`insert into job (kind, payload) values ('a', '{}')`.execute(third.db)
    })
  })
  for (const [key, bytes] of pictures) assert.deepEqual(Buffer.concat(await (await elsewhere.get(key)).toArray()), bytes)
})

test('what is damaged, cut short or foreign is refused, and leaves the database empty', async () => {
  const hub = await busyHub()
  const blobs = await diskBlobs(join(folder, randomUUID()))
  await blobs.put('picture', randomBytes(100_000))
  const file = join(folder, 'whole.tar')
  await on(hub.url, async ({ client }) => void (await backup({ client, blobs, file, version: '1', now })))
  await hub.calm()

  const whole = await readFile(file)
  const flipped = Buffer.from(whole)
  const at = await placeOf(file, 'blobs/picture')
  flipped[at]! ^= 1
  const bad = { flipped, short: whole.subarray(0, whole.length - 200_000), 'no tar': randomBytes(5_000) }
  const empty = await diskBlobs(join(folder, randomUUID()))
  for (const [what, bytes] of Object.entries(bad)) {
    const damaged = join(folder, 'damaged.tar')
    await writeFile(damaged, bytes)
    await on(await server.database(), async ({ client, db }) => {
      await assert.rejects(restore({ client, blobs: empty, file: damaged, migrateTo: (names) => migrateTo(db, names) }), what)
      assert.deepEqual(await tablesOf(client), [], what)
    })
    assert.deepEqual(await empty.list()[Symbol.asyncIterator]().next(), { value: undefined, done: true }, `${what}: a file was left`)
  }
})

test('a database or a store that is not empty is refused', async () => {
  const hub = await busyHub()
  await hub.calm()
  const empty = await diskBlobs(join(folder, randomUUID()))
  const full = await diskBlobs(join(folder, randomUUID()))
  await full.put('picture', randomBytes(10))
  const anything = { file: join(folder, 'none.tar'), migrateTo: async () => {} }
  await on(hub.url, ({ client }) => assert.rejects(restore({ client, blobs: empty, ...anything }), /database is not empty/))
  await on(await server.database(), ({ client }) =>
    assert.rejects(restore({ client, blobs: full, ...anything }), /store of files is not empty/),
  )
})

test('a backup is written to a file of its own: neither where a link leads, nor into one that somebody else can read', async () => {
  const hub = await busyHub()
  await hub.calm()
  const blobs = await diskBlobs(join(folder, randomUUID()))
  const [file, elsewhere] = [join(folder, 'public.tar'), join(folder, 'theirs')]
  await symlink(elsewhere, `${file}.part`)
  await on(hub.url, async ({ client }) => void (await backup({ client, blobs, file, version: '1', now })))
  await assert.rejects(stat(elsewhere), { code: 'ENOENT' })
  const left = await lstat(file)
  assert.deepEqual([left.isFile(), left.mode & 0o777], [true, 0o600])
})

/** Where the bytes of an entry lie in the file. */
async function placeOf(file: string, name: string): Promise<number> {
  const tar = extract()
  const read = pipeline(createReadStream(file), tar)
  let at = 0
  for await (const entry of tar) {
    at += 512
    if (entry.header.name === name) {
      tar.destroy()
      await read.catch(() => {})
      return at
    }
    at += Math.ceil((entry.header.size ?? 0) / 512) * 512
    entry.resume()
  }
  throw new Error(`${file} holds no ${name}`)
}
