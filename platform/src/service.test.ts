import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, inject, test } from 'vitest'
import { fail } from './errors.ts'
import { jsonLog } from './log.ts'
import { begin, type House, type Running, type ServiceModules } from './service.ts'
import { ask } from './testing/ask.ts'
import { cloneDatabase, until } from './testing/index.ts'

let folder: string
let databaseUrl: string
let opened: Awaited<ReturnType<typeof cloneDatabase>>
const ending: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atrium-run-'))
  const cluster = inject('cluster')
  opened = await cloneDatabase(cluster)
  const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(opened.db)
  databaseUrl = `postgres://${cluster.user}@localhost/${rows[0]!.name}?host=${encodeURIComponent(cluster.host)}`
})
afterEach(async () => {
  for (const end of ending.splice(0).toReversed()) await end()
})
afterAll(async () => {
  await opened.close()
  await rm(folder, { recursive: true })
})

const quiet = jsonLog('silent')
const settings = (more: Record<string, string> = {}): Record<string, string> => ({
  ATRIUM_PORT: '0',
  ATRIUM_DATA: join(folder, 'data'),
  DATABASE_URL: databaseUrl,
  ...more,
})

async function hub(modules: ServiceModules, env = settings(), log = quiet): Promise<Running> {
  const running = await begin(modules, { env, args: [], log })
  ending.push(() => running.stop())
  return running
}
const idle: ServiceModules = { server: async () => ({ start: async () => ({ drain: async () => {}, stop: async () => {} }) }) }
const status = async (url: string) => (await ask(url)).status

/** The stubborn process, and what it says. */
async function stubborn(env: Record<string, string> = {}, ...options: string[]) {
  const child = spawn(process.execPath, [...options, join(import.meta.dirname, 'testing/stubborn.ts')], {
    env: { PATH: process.env['PATH'], ...settings(env) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (text) => (said += text))
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  ending.push(async () => (child.kill('SIGKILL'), ended))
  const url = await until('it is ready', () => /^(http:.*)$/m.exec(said)?.[1])
  return { child, url, ended, said: () => said }
}

test('a process opens its house, starts its services in order, and lets go in reverse', async () => {
  const story: string[] = []
  const telling = (name: string) => async () => ({
    async start(house: House) {
      story.push(`start ${name}`)
      assert.match(house.node.id, /~/)
      assert.match(house.newId(), /^[0-9a-f-]{36}$/)
      assert.equal(house.epoch.length, 36)
      return { drain: async () => void story.push(`drain ${name}`), stop: async () => void story.push(`stop ${name}`) }
    },
  })
  const running = await hub({ server: telling('server'), sfu: telling('sfu') })
  assert.equal(await status(`${running.url}/livez`), 200)
  assert.equal(await status(`${running.url}/readyz`), 200)
  await running.stop()
  assert.deepEqual(story, ['start server', 'start sfu', 'drain sfu', 'drain server', 'stop sfu', 'stop server'])
  await assert.rejects(ask(`${running.url}/livez`), /ECONNREFUSED/)
})

test('numbers are for who stands next to it, not for whom a proxy passes on', async () => {
  const { url, house } = await hub(idle)
  house.metrics.endings.inc({ kind: 'socket', reason: 'closed' })
  await house.bus.call('nobody', 'node.describe', {}).catch(() => {})
  const { text, headers } = await ask(`${url}/metrics`)
  assert.match(String(headers['content-type']), /^text\/plain/)
  for (const line of [
    /^atrium_endings_total\{kind="socket",reason="closed"\} 1$/m,
    /^atrium_operation_seconds_count\{operation="node.describe",code="unavailable"\} 1$/m,
  ])
    assert.match(text, line)
  for (const name of [
    'atrium_sockets',
    'atrium_journal_lag',
    'atrium_media_consumers',
    'atrium_docs_open',
    'process_resident_memory_bytes',
  ])
    assert.match(text, new RegExp(`^${name} \\d`, 'm'))
  assert.equal((await ask(`${url}/metrics`, { headers: { 'x-forwarded-for': '9.9.9.9' } })).status, 404)

  const closed = await hub(idle, settings({ ATRIUM_METRICS_FROM: '10.0.0.0/8', ATRIUM_TRUSTED_PROXIES: '127.0.0.1' }))
  assert.equal(await status(`${closed.url}/metrics`), 404)
  assert.equal((await ask(`${closed.url}/metrics`, { headers: { 'x-forwarded-for': '10.1.1.1' } })).status, 200)
})

test('a process whose bus is away lives, but wants no work', async () => {
  const { url } = await hub(idle, settings({ REDIS_URL: 'redis://127.0.0.1:1' }))
  assert.equal(await status(`${url}/livez`), 200)
  const ready = await ask(`${url}/readyz`)
  assert.deepEqual([ready.status, JSON.parse(ready.text)], [503, { database: true, bus: false, serving: true }])
})

test('a service that is not ready says so for the whole process', async () => {
  let isReady = false
  const { url } = await hub({
    server: async () => ({ start: async () => ({ drain: async () => {}, stop: async () => {}, isReady: () => isReady }) }),
  })
  assert.equal(await status(`${url}/readyz`), 503)
  isReady = true
  assert.equal(await status(`${url}/readyz`), 200)
})

test('a start that fails half-way lets go of what it had, and says why', async () => {
  const stopped: string[] = []
  const modules: ServiceModules = {
    server: async () => ({ start: async () => ({ drain: async () => {}, stop: async () => void stopped.push('server') }) }),
    sfu: async () => ({
      start: async () => {
        throw fail('unavailable', 'unavailable')
      },
    }),
  }
  await assert.rejects(hub(modules), /unavailable/)
  assert.deepEqual(stopped, ['server'])

  const first = await hub(idle)
  const port = new URL(first.url).port
  await assert.rejects(hub(idle, settings({ ATRIUM_PORT: port })), new RegExp(`Port ${port} is taken`))
  await assert.rejects(hub({ sfu: idle.server! }, settings({ ATRIUM_SERVICES: 'server' })), /server, which this program does not contain/)
  const nobody = settings({ DATABASE_URL: 'postgres://atrium@localhost/gone?host=%2Fnowhere' })
  await assert.rejects(begin(idle, { env: nobody, args: [], log: quiet, patienceMs: 300 }), /database does not answer/)
})

test('the embedded database is begun again when its server dies', async () => {
  const dataDir = join(folder, 'embedded')
  const { url, house } = await hub(idle, { ATRIUM_PORT: '0', ATRIUM_DATA: dataDir })
  assert.equal(await status(`${url}/readyz`), 200)
  const postmaster = Number.parseInt(await readFile(join(dataDir, 'db/postmaster.pid'), 'utf8'))
  process.kill(postmaster, 'SIGQUIT')
  const server = async () => Number.parseInt(await readFile(join(dataDir, 'db/postmaster.pid'), 'utf8').catch(() => '0'))
  await until('another server runs', async () => ![0, postmaster].includes(await server()), 20_000)
  const epoch = () =>
    house.db
      .selectFrom('epoch')
      .select('id')
      .executeTakeFirst()
      .catch(() => undefined)
  assert.equal((await until('it answers', epoch, 20_000)).id, house.epoch)
})

test('[R-27] readiness falls first, and the process ends in time though nothing lets go', async () => {
  const { child, url, ended } = await stubborn({ REDIS_URL: 'redis://127.0.0.1:1' })
  const began = performance.now()
  child.kill('SIGTERM')
  await until('readiness falls', async () => (await status(`${url}/readyz`)) === 503)
  assert.equal(await status(`${url}/livez`), 200)
  assert.equal(await ended, 0)
  assert.ok(performance.now() - began < 15_000)
})

test('a second signal ends it at once; the same one, come twice, is no second', async () => {
  const { child, url, ended } = await stubborn()
  const began = performance.now()
  child.kill('SIGINT')
  await until('it drains', async () => (await status(`${url}/readyz`)) === 503)
  let code: number | null | undefined
  void ended.then((one) => (code = one))
  await until('it gives in', () => {
    child.kill('SIGINT')
    return code !== undefined
  })
  assert.equal(code, 1)
  const took = performance.now() - began
  assert.ok(took > 900 && took < 4_000, `it ended after ${took} ms`)
})

test('the log says what a process was told, and no secrets', async () => {
  const lines: string[] = []
  const log = jsonLog('info', { write: (line) => void lines.push(line) })
  await hub(
    idle,
    settings({
      S3_URL: '',
      SMTP_URL: 'smtp://hub:mailpass@127.0.0.1:1',
      ATRIUM_MAIL_FROM: 'a@b.example',
      ATRIUM_ORIGIN: 'http://hub.example',
    }),
    log,
  )
  assert.ok(lines.some((line) => line.includes('SMTP_URL')))
  assert.ok(!lines.join('').includes('mailpass'))
})

test('adapters that are not configured are not loaded', async () => {
  const { said } = await stubborn({}, '--import', join(import.meta.dirname, 'testing/loaded.ts'))
  const loaded = [...said().matchAll(/^loaded (.*)$/gm)].map(([, name]) => name!)
  assert.ok(loaded.includes('express') && loaded.includes('pg'))
  for (const name of ['redis', '@redis/client', 'minio', 'nodemailer', '@peculiar/x509', 'reflect-metadata', 'vite'])
    assert.ok(!loaded.includes(name), name)
})
