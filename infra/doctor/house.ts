import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { constants, existsSync } from 'node:fs'
import { access, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { sql } from 'kysely'
import type { Config } from '@atrium/platform'
import { openBlobs } from '@atrium/platform/house'
import { openOutgoing } from '@atrium/platform/outgoing'
import { withDatabase } from '../backup/database.ts'
import { silence, type Check, type Finding } from './finding.ts'

const good = (what: string): Finding[] => [{ isGood: true, what }]
const bad = (what: string, advice: string): Finding[] => [{ isGood: false, what, advice }]
const reason = (error: unknown) => (error instanceof Error ? error.message : `${error}`)

const leastFreeBytes = 1e9
const oldestPostgres = 160_000

export const portCheck: Check = async ({ config, running }) => {
  if (running) return good(`the hub runs, and answers at ${running}.`)
  const server = createServer()
  try {
    await once(server.listen(config.port, config.host), 'listening')
    return good(`${config.port} at ${config.host} is free for the hub.`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE')
      return bad(
        `${config.port} is taken by another program, or by a hub that does not answer.`,
        'End that one, or choose another with ATRIUM_PORT.',
      )
    if (code === 'EACCES')
      return bad(`${config.port} is not allowed to this user.`, 'Choose one above 1023 with ATRIUM_PORT, and let a proxy serve the other.')
    return bad(`${config.host} cannot be listened on: ${reason(error)}.`, 'Set ATRIUM_HOST to an address of this machine, or to 0.0.0.0.')
  } finally {
    server.close()
  }
}

/** Where people open the hub leads to it, as seen from this machine. */
export const originCheck: Check = async ({ config: { origin, host, tls }, running }) => {
  if (origin === null) {
    const isOpen = !['127.0.0.1', 'localhost', '::1'].includes(host)
    if (isOpen && tls.kind === 'none')
      return bad(
        'the hub is open to the network without HTTPS, and browsers give camera and microphone to HTTPS pages only.',
        'Start it with --tls, or set TLS_CERT and TLS_KEY, or put a proxy with HTTPS in front and set ATRIUM_ORIGIN.',
      )
    return good(isOpen ? 'whichever of this machine people use.' : 'this machine alone. --host 0.0.0.0 --tls opens it to the network.')
  }
  if (!running) return good(`${origin}. Whether it leads here shows when the hub runs.`)
  const answer = await openOutgoing()
    .configured(`${origin}/livez`, { timeoutMs: 5_000 })
    .catch((error: unknown) => reason(error))
  if (typeof answer !== 'string' && answer.status === 200) return good(`${origin} leads here.`)
  return bad(
    `${origin} does not lead here: ${typeof answer === 'string' ? answer : `the answer is ${answer.status}`}.`,
    'Look at the name, the proxy and its certificate. Some networks do not reach their own outer address: then try from elsewhere.',
  )
}

export const folderCheck: Check = async ({ config: { dataDir } }) => {
  const there = existsSync(dataDir) ? dataDir : dirname(dataDir)
  try {
    await access(there, constants.W_OK)
  } catch {
    return bad(`${there} cannot be written by this user.`, 'Give it to the user that runs the hub, or name another with ATRIUM_DATA.')
  }
  const { bavail, bsize } = await statfs(there)
  const free = Math.floor((bavail * bsize) / 1e9)
  if (bavail * bsize < leastFreeBytes)
    return bad(`${there} has less than 1 GB left.`, 'Make room: a database that cannot write takes nothing more.')
  return good(`${there} can be written, with ${free} GB left.`)
}

export const databaseCheck: Check = async ({ config }) => {
  if (config.databaseUrl === null && !existsSync(join(config.dataDir, 'db/PG_VERSION')))
    return good('made at the first start, in the data folder.')
  const found: Finding[] = []
  try {
    await withDatabase(config, 'existing', async ({ db }) => {
      const { rows } = await sql<{ version: number; name: string; locale: string }>`
        select current_setting('server_version_num')::int as version, current_setting('server_version') as name,
          (select case when datlocprovider = 'c' then datctype else 'C.UTF-8' end from pg_database where datname = current_database()) as locale
      `.execute(db)
      const { version, name, locale } = rows[0]!
      if (version < oldestPostgres) found.push(...bad(`PostgreSQL ${name} is too old.`, 'Take 16 or newer.'))
      else if (!/utf-?8/i.test(locale))
        found.push(...bad(`its lc_ctype is ${locale}.`, 'Make it with a UTF-8 locale, such as C.UTF-8: search would find half.'))
      else found.push(...good(`PostgreSQL ${name} answers.`))
    })
  } catch (error) {
    found.push(
      ...bad(
        `it does not answer: ${reason(error)}.`,
        config.databaseUrl === null ? 'The log of the hub says why.' : 'Is DATABASE_URL right, and is the server running?',
      ),
    )
  }
  return found
}

export const busCheck: Check = async ({ config: { redisUrl } }) => {
  if (redisUrl === null) return good('this process is the hub, and needs none.')
  const { redisBus } = await import('@atrium/platform/bus/redis')
  const bus = redisBus({ url: redisUrl, log: silence, heartbeatMs: 200 })
  try {
    for (let tries = 0; tries < 30 && !bus.isUp(); tries++) await new Promise((resolve) => setTimeout(resolve, 100))
    if (bus.isUp()) return good('Redis answers.')
    return bad('Redis does not answer.', 'Is REDIS_URL right, with its password, and is the server running?')
  } finally {
    await bus.close()
  }
}

/** Writes, reads and removes something small. */
export const filesCheck: Check = async ({ config }) => {
  const where = config.s3Url === null ? 'the data folder' : 'the bucket'
  const key = `doctor-${randomUUID()}`
  let blobs
  try {
    blobs = await openBlobs(config)
    await blobs.put(key, Buffer.from(key))
    const read = await buffer(await blobs.get(key))
    await blobs.delete(key)
    if (read.toString() !== key) return bad(`${where} gives back something else than it took.`, 'Do not keep files there.')
    return good(`${where} takes, gives and forgets.`)
  } catch (error) {
    return bad(
      `${where} does not take files: ${reason(error)}.`,
      config.s3Url === null ? 'May this user write there?' : 'Look at S3_URL: key, secret, bucket, region.',
    )
  } finally {
    await blobs?.close()
  }
}

/** What the hub found when it last compared all files with what it knows of them. */
export const contentsCheck: Check = async ({ config }) => {
  const isBegun = config.databaseUrl !== null || existsSync(join(config.dataDir, 'db/PG_VERSION'))
  // What keeps the database from answering was said of the database.
  const looked = isBegun ? await lastSweep(config).catch(() => undefined) : []
  if (!looked) return []
  const [last] = looked
  if (!last) return good('once a day the hub compares them with what it knows of them. It did not yet.')
  const { at, blobs, removed, spared, lost } = last
  const when = `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
  if (spared > 0)
    return bad(
      `of ${blobs} files in the store, this hub knew nothing of ${spared} (${when}), and left them alone.`,
      'Give each hub a store of its own. If it is its own, its database is older than the store: restore the newer one.',
    )
  if (lost > 0)
    return bad(
      `${lost} files that the hub knows of are gone from the store (${when}).`,
      'The log names them, at blobs.sweep. Bring them back from a backup.',
    )
  return good(`${blobs} files are where they belong (${when})${removed > 0 ? `; ${removed} that belonged to nothing were removed` : ''}.`)
}

interface Looked {
  at: Date
  blobs: number
  removed: number
  spared: number
  lost: number
}
async function lastSweep(config: Config): Promise<Looked[]> {
  let found: Looked[] = []
  await withDatabase(config, 'existing', async ({ db }) => {
    found = (await sql<Looked>`select at, blobs, removed, spared, lost from blob_sweep`.execute(db)).rows
  })
  return found
}

export const mailCheck: Check = async ({ config }) => {
  if (config.smtpUrl === null) return good('kept in the outbox, which administrators read at /admin/outbox. SMTP_URL sends it.')
  const { tryMailServer } = await import('@atrium/platform/mail/smtp')
  try {
    await tryMailServer(config.smtpUrl)
    return good('the mail server answers and lets us in.')
  } catch (error) {
    return bad(
      `the mail server does not take letters: ${reason(error)}.`,
      'Look at SMTP_URL: host, port, user, password; smtps:// where it speaks TLS at once.',
    )
  }
}
