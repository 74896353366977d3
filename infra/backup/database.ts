import { join } from 'node:path'
import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import pg, { type ClientConfig } from 'pg'
import type { Config } from '@atrium/platform/config'
import { openDatabase } from '@atrium/platform/db/open'
import { exists, answering, user } from '@atrium/platform/db/postgres'

export interface OpenDatabase {
  db: Kysely<any>
  /** For COPY, which needs a connection of its own. */
  client: pg.Client
}

/**
 * The database that the settings name: the given one; the embedded one of a hub that runs; or the embedded one, started for
 * as long as this takes, which holds off a hub that would start meanwhile.
 */
export async function withDatabase(config: Config, which: 'existing' | 'new', use: (open: OpenDatabase) => Promise<void>): Promise<void> {
  const { connection, close } = await reach(config, which)
  const db = openDatabase({ ...connection, max: 4 })
  const client = new pg.Client(connection)
  client.on('error', () => {})
  try {
    await client.connect()
    await use({ db, client })
  } finally {
    await client.end()
    await db.destroy()
    await close()
  }
}

async function reach(config: Config, which: 'existing' | 'new'): Promise<{ connection: ClientConfig; close: () => Promise<void> }> {
  if (config.databaseUrl !== null) return { connection: { connectionString: config.databaseUrl }, close: async () => {} }
  const dir = join(config.dataDir, 'db')
  const connection = { host: dir, user, database: 'postgres' }
  if (which === 'existing') {
    if (await answering(connection)) return { connection, close: async () => {} }
    if (!(await exists(join(dir, 'PG_VERSION')))) throw new Error(`There is no hub in ${config.dataDir}: name its folder with --data.`)
  }
  const { embeddedPostgres } = await import('@atrium/platform/db/embedded')
  const embedded = await embeddedPostgres({
    dir,
    onLost: (error) => {
      throw error
    },
  })
  return { connection: embedded.connection, close: () => embedded.close() }
}

/** Makes the tables as these migrations left them. The hub brings later ones when it starts. */
export async function migrateTo(db: Kysely<any>, names: string[]): Promise<void> {
  const known = await allMigrations()
  await db.transaction().execute(async (tx) => {
    await sql`create table migration (name text primary key, at timestamptz not null default now())`.execute(tx)
    for (const name of names.toSorted()) {
      const migration = known[name]
      if (!migration) throw new Error(`The backup is of a newer Atrium: it knows ${name}. Restore it with that version.`)
      await migration.up(tx)
      await sql`insert into migration (name) values (${name})`.execute(tx)
    }
  })
}

async function allMigrations(): Promise<Record<string, Migration>> {
  const [{ platformMigrations }, server, collab] = await Promise.all([
    import('@atrium/platform/db/migrate'),
    import('../../server/migrations/index.ts'),
    import('../../collab/migrations/index.ts'),
  ])
  return { ...platformMigrations, ...server.migrations, ...collab.migrations }
}
