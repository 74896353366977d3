import { join } from 'node:path'
import type { Kysely, LogEvent } from 'kysely'
import type { Migration } from 'kysely/migration'
import { isUnavailable } from './db/faults.ts'
import { migrate } from './db/migrate.ts'
import { openDatabase } from './db/open.ts'
import type { EmbeddedPostgres } from './db/embedded.ts'
import type { Blobs } from './blobs/index.ts'
import type { Bus, BusOptions } from './bus/index.ts'
import { memoryBus } from './bus/memory.ts'
import type { Config } from './config.ts'
import type { Log } from './log.ts'
import type { Mail } from './mail/index.ts'
import type { Metrics } from './metrics.ts'
import { letGo } from './stopping.ts'
import type { Tracer } from './trace.ts'

const slowStatementMs = 1_000
/** Of the embedded database, who does not answer a goodbye ends with its server. */
const goodbyeMs = 1_000

export interface OpenDatabase {
  db: Kysely<any>
  close(): Promise<void>
}

/** The given database, or the embedded one. `onLost`: this process may no longer use the embedded one. */
export async function openHubDatabase(config: Config, log: Log, onLost: (error: Error) => void): Promise<OpenDatabase> {
  const observe = (event: LogEvent) => {
    if (event.queryDurationMillis > slowStatementMs)
      log.warn(
        { operation: 'statement', ms: event.queryDurationMillis, statement: event.query.sql.slice(0, 500) },
        'A statement took long.',
      )
    else if (config.isTracing) log.info({ operation: 'statement', ms: event.queryDurationMillis, statement: event.query.sql.slice(0, 500) })
  }
  const max = config.databaseConnections
  if (config.databaseUrl !== null) {
    const db = openDatabase(
      { connectionString: config.databaseUrl, max, connectionTimeoutMillis: 5_000, application_name: `atrium ${config.node}` },
      observe,
    )
    return { db, close: () => db.destroy() }
  }
  const embedded = await keptEmbedded(join(config.dataDir, 'db'), log, onLost)
  const db = openDatabase({ ...embedded.connection, max, connectionTimeoutMillis: 5_000 }, observe)
  return {
    db,
    async close() {
      const run = () => db.destroy()
      await letGo([{ what: 'the connections to the database', run, withinMs: goodbyeMs }], goodbyeMs, log)
      await embedded.close()
    },
  }
}

/** The embedded database, begun again when its server dies: people wait a moment instead of losing the hub. */
async function keptEmbedded(dir: string, log: Log, onLost: (error: Error) => void) {
  const { embeddedPostgres } = await import('./db/embedded.ts')
  let isClosing = false
  let current: Promise<EmbeddedPostgres> = begin()

  function begin() {
    return embeddedPostgres({ dir, onLost: again })
  }
  function again(error: Error) {
    if (isClosing) return
    log.error({ operation: 'database', error }, 'The embedded database went away; it is started again.')
    current = begin()
    current.catch(onLost)
  }

  const { connection } = await current
  return {
    connection,
    async close() {
      isClosing = true
      await (await current).close()
    },
  }
}

/** Waits for a database that is only just starting, and brings it up to date. */
export async function prepareDatabase(db: Kysely<any>, migrations: Record<string, Migration>, patienceMs = 30_000): Promise<void> {
  const end = performance.now() + patienceMs
  for (;;) {
    try {
      return await migrate(db, migrations)
    } catch (error) {
      if (!isUnavailable(error)) throw error
      if (performance.now() > end)
        throw new Error('The database does not answer. Is DATABASE_URL right, and is the server running?', { cause: error })
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

// Adapters that are not configured are not loaded: each would cost memory and start-up time.

export async function openBus(config: Config, log: Log, metrics: Metrics, trace: Tracer): Promise<Bus> {
  const onBug: BusOptions['onBug'] = (error, operation, ref) => log.error({ operation, code: 'internal', ref, error })
  const bus =
    config.redisUrl === null ? memoryBus({ onBug }) : (await import('./bus/redis.ts')).redisBus({ url: config.redisUrl, log, onBug })
  return {
    ...bus,
    async call(address, operation, input, timeoutMs) {
      const began = performance.now()
      let code = 'ok'
      try {
        return await trace('call', operation, () => bus.call(address, operation, input, timeoutMs))
      } catch (error) {
        code = (error as { failure?: { code?: string } }).failure?.code ?? 'internal'
        throw error
      } finally {
        metrics.operationSeconds.observe({ operation, code }, (performance.now() - began) / 1_000)
      }
    },
  }
}

export async function openBlobs(config: Config): Promise<Blobs> {
  if (config.s3Url === null) return (await import('./blobs/disk.ts')).diskBlobs(join(config.dataDir, 'blobs'))
  return (await import('./blobs/s3.ts')).s3Blobs(config.s3Url)
}

export async function openMail(config: Config, needs: { db: Kysely<any>; now: () => Date; newId: () => string }): Promise<Mail> {
  if (config.smtpUrl === null) return (await import('./mail/outbox.ts')).outbox(needs)
  return (await import('./mail/smtp.ts')).smtp({ url: config.smtpUrl, from: config.mailFrom })
}
