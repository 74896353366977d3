import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, test } from 'vitest'
import { freePort, postgres } from '@atrium/infra/servers'
import { newId, openDatabase } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import { clockEnv, clockMissing } from '../harness/clocks.ts'
import { hubProcess, type HubProcess } from '../harness/hub-process.ts'
import { isLong } from './form.ts'
import { seeded } from './seed.ts'

const letters = isLong ? 2_000 : 400
const kills = isLong ? 10 : 2
/** What one process has under way at once. */
const atOnce = 4

let database: Awaited<ReturnType<typeof postgres>>
let folder: string
let databaseUrl: string
const hubs: HubProcess[] = []
/** A mail server, and how often each letter came. It takes its time, so that a kill falls between sending and marking. */
const came = new Map<string, number>()
const mailServer = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  async onData(stream, _session, done) {
    // Of a hub that dies in the middle of a letter there is half of it, which is none.
    const letter = await text(stream).catch(() => undefined)
    const id = /^message-id: <([\w-]+)@/im.exec(letter ?? '')?.[1]
    if (id) came.set(id, (came.get(id) ?? 0) + 1)
    await sleep(20)
    done()
  },
})

beforeAll(async () => {
  mailServer.on('error', () => {}) // A hub that is killed goes in the middle of a word.
  mailServer.listen(0, '127.0.0.1')
  await once(mailServer.server, 'listening')
  const { port } = mailServer.server.address() as AddressInfo
  folder = await mkdtemp(join(tmpdir(), 'atrium-jobs-'))
  await writeFile(join(folder, 'clock'), '+3600')
  database = await postgres({ settings: { fsync: 'on' } })
  databaseUrl = await database.database()
  for (const name of ['server-1', 'server-2'])
    hubs.push(
      await hubProcess({
        ...{ name, port: await freePort(), main: 'server/src/main.ts' },
        env: {
          ...{
            ATRIUM_NODE: name,
            ATRIUM_DATA: join(folder, name),
            ATRIUM_SERVICES: 'server',
            ATRIUM_LOG_LEVEL: 'warn',
            DATABASE_URL: databaseUrl,
          },
          ...{ SMTP_URL: `smtp://127.0.0.1:${port}`, ATRIUM_MAIL_FROM: 'hub@example.org', ATRIUM_ORIGIN: 'http://hub.example.org' },
          // An hour ahead, where that can be had.
          ...(name === 'server-2' && clockEnv(join(folder, 'clock'))),
        },
      }),
    )
})
afterAll(async () => {
  for (const hub of hubs) await hub.kill('SIGKILL')
  await database?.stop()
  await new Promise<void>((resolve) => mailServer.close(() => resolve()))
  await rm(folder, { recursive: true, force: true })
})

test('[R-28] who sends letters is killed again and again: each is sent, next to none twice, and those by the same name', async () => {
  const random = seeded(28)
  const db = openDatabase({ connectionString: databaseUrl, max: 2 })
  const ids = Array.from({ length: letters }, () => newId())
  const payloads = ids.map((id, n) => JSON.stringify({ id, to: `person${n}@example.org`, subject: `Letter ${n}`, text: 'Words' }))
  await sql`insert into job (kind, payload) select 'mail.send', one::jsonb from unnest(${payloads}::text[]) as one`.execute(db)

  const former = new Set<number>()
  for (let kill = 0; kill < kills; kill++) {
    const goal = Math.floor((letters * (kill + 0.5)) / kills) + random.between(0, 20)
    await until(`${goal} letters came`, () => came.size >= Math.min(goal, letters - 20), 60_000)
    const hub = hubs[kill % hubs.length]!
    former.add(hub.pid)
    await hub.restart('SIGKILL')
    assert.ok(!former.has(hub.pid), 'fault not injected')
  }

  const waiting = async () => (await sql<{ n: number }>`select count(*)::int as n from job where kind = 'mail.send'`.execute(db)).rows[0]!.n
  // What the dead had under way belongs to them for half a minute more: it goes by at once, when nobody living has anything.
  await until(
    'only the dead have letters',
    async () => {
      const before = await waiting()
      await sleep(1_000)
      return before <= kills * atOnce && before === (await waiting())
    },
    90_000,
  )
  await sql`update job set run_at = now()`.execute(db)
  await until('all is done', async () => (await waiting()) === 0, 60_000)
  const doubled = [...came.values()].filter((times) => times > 1)
  console.log(`R-28: ${letters} letters, ${kills} kills, ${doubled.length} came twice${clockMissing ? '' : '; one clock an hour ahead'}`)
  assert.deepEqual(
    ids.filter((id) => !came.has(id)),
    [],
    'some never came',
  )
  assert.ok(doubled.length <= kills * atOnce && doubled.every((times) => times === 2), `${doubled.length} came more than once`)
  await db.destroy()
})
