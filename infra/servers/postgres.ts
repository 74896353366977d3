import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { embeddedPostgres } from '@atrium/platform/db/embedded'

/** The PostgreSQL that npm brought, as a server that is given by URL. Each `database()` is an empty one of its own. */
export async function postgres(options: { folder?: string; settings?: Record<string, string> } = {}) {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'atrium-postgres-')))
  const running = await embeddedPostgres({
    dir: join(folder, 'db'),
    settings: { max_connections: '200', fsync: 'off', ...options.settings },
    onLost: () => {}, // whoever stops it under load wants exactly that
  })
  const urlOf = (name: string) =>
    `postgres://${running.connection.user}@localhost/${name}?host=${encodeURIComponent(running.connection.host)}`
  return {
    pid: running.pid,
    folder,
    async database(): Promise<string> {
      const name = `hub_${randomUUID().replaceAll('-', '')}`
      const client = new Client({ ...running.connection })
      await client.connect()
      await client.query(`create database ${name}`)
      await client.end()
      return urlOf(name)
    },
    /** Stops it. `keep`: its folder stays, to be started again from. */
    async stop({ keep = false } = {}) {
      await running.close()
      if (!keep) await rm(folder, { recursive: true, force: true })
    },
  }
}
