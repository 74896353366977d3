import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'vitest'
import { until } from '../testing/index.ts'
import { notRun } from '../testing/needs.ts'
import { migrate } from './migrate.ts'
import { openDatabase } from './open.ts'
import { answering, ordinaryUser } from './postgres.ts'

const old = '/usr/lib/postgresql/15/bin'

if (!existsSync(join(old, 'postgres'))) notRun('an old PostgreSQL', 'PostgreSQL 15 as Debian 12 has it')
else
  test('a PostgreSQL that is too old is refused with a sentence, before anything is made in it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'atrium-old-'))
    const dir = join(folder, 'db')
    const prefix = ordinaryUser(process.getuid?.() ?? 1, 'unshare')
    const run = (name: string, ...args: string[]): [string, string[]] => {
      const [program = '', ...rest] = [...prefix, join(old, name), ...args]
      return [program, rest]
    }
    const made = spawnSync(...run('initdb', '-D', dir, '-U', 'atrium', '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'))
    assert.equal(made.status, 0, String(made.stderr))
    const server = spawn(...run('postgres', '-D', dir, '-k', dir, '-c', 'listen_addresses=', '-c', 'fsync=off'), { stdio: 'ignore' })
    const connection = { host: dir, user: 'atrium', database: 'postgres' }
    await until('the old server answers', () => answering(connection), 20_000)

    const db = openDatabase({ ...connection, max: 1 })
    await assert.rejects(
      migrate(db),
      /^Error: DATABASE_URL leads to PostgreSQL 15\.\d+.*needs 16 or newer\. Upgrade it, or leave DATABASE_URL out\.$/,
    )
    assert.deepEqual(await db.selectFrom('pg_tables').select('tablename').where('schemaname', '=', 'public').execute(), [])
    await db.destroy()

    const ended = once(server, 'exit')
    server.kill('SIGINT')
    await ended
    await rm(folder, { recursive: true })
  })
