import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { sql, type Kysely } from 'kysely'
import { cloneDatabase, until } from '../testing/index.ts'
import { workshop } from '../work.ts'
import { embeddedPostgres } from './embedded.ts'
import { isUnavailable } from './faults.ts'
import { migrate } from './migrate.ts'
import { openDatabase } from './open.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atrium-open-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('a database that restarts under load refuses for a moment, loses nothing, and is back', async () => {
  const start = () => embeddedPostgres({ dir: join(folder, 'db'), onLost() {} })
  const first = await start()
  const db = openDatabase({ ...first.connection, max: 4, connectionTimeoutMillis: 1_000 })
  await migrate(db)
  await sql`create table note (id int primary key)`.execute(db)
  const { work } = workshop(db, { publish() {} })<{ note: { id: number } }>()

  const kept: number[] = []
  const faults: unknown[] = []
  let next = 0
  let isOver = false
  const writer = async () => {
    while (!isOver) {
      const id = next++
      await work(async (tx) => void (await tx.insertInto('note').values({ id }).execute())).then(
        () => kept.push(id),
        (error) => faults.push(error),
      )
    }
  }
  const writers = Array.from({ length: 20 }, writer)
  await until('some notes', () => kept.length > 200)
  await first.close()
  await until('a refusal', () => faults.length > 0)
  const second = await start()
  const before = kept.length
  await until('more notes', () => kept.length > before + 200)
  isOver = true
  await Promise.all(writers)

  assert.deepEqual(
    faults.filter((fault) => !isUnavailable(fault)),
    [],
  )
  const { rows } = await sql<{ id: number }>`select id from note`.execute(db)
  const there = new Set(rows.map(({ id }) => id))
  assert.deepEqual(
    kept.filter((id) => !there.has(id)),
    [],
  )
  await db.destroy()
  await second.close()
})

test('a server that is not there, or takes a connection and says nothing, is unavailable in time', async () => {
  const open: Socket[] = []
  const silent = createServer((socket) => open.push(socket))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as { port: number }
  const unreachable = async (db: Kysely<any>) => {
    await assert.rejects(sql`select 1`.execute(db), isUnavailable)
    await db.destroy()
  }
  await unreachable(openDatabase({ host: '127.0.0.1', port, connectionTimeoutMillis: 100 }))
  for (const socket of open) socket.destroy()
  await new Promise((resolve) => silent.close(resolve))
  await unreachable(openDatabase({ host: '127.0.0.1', port }))
  await unreachable(openDatabase({ host: join(folder, 'nowhere') }))
  await assert.rejects(new Promise((_, reject) => connect(join(folder, 'nowhere')).on('error', reject)))
})

test('whoever finds no free connection in time is told that it is unavailable', async () => {
  const db = openDatabase({ ...inject('cluster'), max: 1, connectionTimeoutMillis: 1_000 })
  const tx = await db.startTransaction().execute()
  await assert.rejects(sql`select 1`.execute(db), isUnavailable)
  await tx.rollback().execute()
  await sql`select 1`.execute(db)
  await db.destroy()
})

test('mistakes of ours are not taken for a database that is away', async () => {
  const db = openDatabase({ ...inject('cluster'), max: 1 })
  for (const wrong of [sql`select nothing`, sql`select 1 / 0`, sql`select '\\u0000'::jsonb`])
    await assert.rejects(wrong.execute(db), (error) => !isUnavailable(error))
  await db.destroy()
  assert.equal(isUnavailable(new TypeError('x is undefined')), false)
  assert.equal(isUnavailable(Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT', syscall: 'open' })), false)
})

test('processes that start together bring the database up to date once, all of it or nothing', async () => {
  const { db, close } = await cloneDatabase(inject('cluster'))
  let runs = 0
  const first = { up: async (tx: Kysely<any>) => (runs++, void (await sql`create table first (id int)`.execute(tx))) }
  await Promise.all(Array.from({ length: 4 }, () => migrate(db, { '1_first': first })))
  assert.equal(runs, 1)

  const broken = { up: async (tx: Kysely<any>) => void (await sql`select nothing`.execute(tx)) }
  const second = { up: async (tx: Kysely<any>) => void (await sql`create table second (id int)`.execute(tx)) }
  await assert.rejects(migrate(db, { '1_first': first, '2_second': second, '3_broken': broken }), /nothing/)
  await assert.rejects(sql`select id from second`.execute(db), /does not exist/)

  await migrate(db, { '1_first': first, '2_second': second })
  await migrate(db, { '1_first': first })
  assert.equal(runs, 1, 'and an older process leaves alone what it does not know')
  await close()
})

test('a database whose letters search could not tell apart is refused with the sentence that makes a better one', async () => {
  const keeper = openDatabase({ ...inject('cluster'), max: 1 })
  for (const [name, options] of [
    ['atrium_ascii', "encoding 'SQL_ASCII' locale 'C'"],
    ['atrium_c', "encoding 'UTF8' locale_provider libc locale 'C'"],
  ] as const) {
    await sql`create database ${sql.id(name)} template template0 ${sql.raw(options)}`.execute(keeper)
    const db = openDatabase({ ...inject('cluster'), database: name, max: 1 })
    await assert.rejects(migrate(db), /LC_CTYPE "C": search would not see all letters\. Create it with: CREATE DATABASE/)
    await db.destroy()
    await sql`drop database ${sql.id(name)}`.execute(keeper)
  }
  await keeper.destroy()
})

test('what was read is not held by what is read after it', async () => {
  const house = await cloneDatabase(inject('cluster'))
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (how: { type: 'minor' }) => void
  const oldBytes = () => getHeapSpaceStatistics().find((space) => space.space_name === 'old_space')!.space_used_size
  // Whatever is still held at the second of such collections becomes old.
  async function read(times: number): Promise<void> {
    for (let n = 0; n < times; n++) {
      await sql`select i, 'some words, the ' || i || 'th' as words from generate_series(1, 100) as i`.execute(house.db)
      if (n % 20 === 0) collect({ type: 'minor' })
    }
  }
  await read(200)
  const before = oldBytes()
  await read(400)
  const grown = oldBytes() - before
  await house.close()
  assert.ok(grown < 2 ** 21, `${grown} bytes became old`)
})
