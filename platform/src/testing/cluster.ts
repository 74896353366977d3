import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import { embeddedPostgres } from '../db/embedded.ts'
import { migrate } from '../db/migrate.ts'
import { openDatabase } from '../db/open.ts'
import { template } from './index.ts'

export interface Cluster {
  host: string
  user: string
  database: string
}

/** One cluster for a whole run, with one migrated database in it that every suite copies. */
export async function testCluster(migrations: Record<string, Migration> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-test-'))
  const postgres = await embeddedPostgres({
    dir: join(folder, 'db'),
    // Nobody will want these rows after a power cut. Durability has a suite of its own.
    settings: { fsync: 'off', max_connections: '200' },
    onLost(error) {
      throw error
    },
  })
  const keeper = openDatabase({ ...postgres.connection, max: 1 })
  await sql`create database ${sql.id(template)}`.execute(keeper)
  await keeper.destroy()
  const db = openDatabase({ ...postgres.connection, database: template, max: 1 })
  await migrate(db, migrations)
  await db.destroy()
  return {
    connection: postgres.connection satisfies Cluster,
    async close() {
      await postgres.close()
      await rm(folder, { recursive: true })
    },
  }
}
