import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { expect, inject, test } from 'vitest'
import { cloneDatabase, until } from '@atrium/platform/testing'

test('what speaks LDAP, SAML, OpenID Connect or with passkeys is loaded with its first use, not with the hub', async () => {
  const cluster = inject('cluster')
  const { db, close } = await cloneDatabase(cluster)
  const folder = await mkdtemp(join(tmpdir(), 'atrium-loading-'))
  const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(db)
  const program = spawn(
    process.execPath,
    ['--import', join(import.meta.dirname, '../../platform/src/testing/loaded.ts'), join(import.meta.dirname, 'main.ts'), '--port', '0'],
    {
      env: {
        PATH: process.env['PATH'],
        ATRIUM_SERVICES: 'server',
        ATRIUM_DATA: folder,
        DATABASE_URL: `postgresql://${cluster.user}@localhost/${rows[0]!.name}?host=${encodeURIComponent(cluster.host!)}`,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const ended = once(program, 'exit')
  try {
    let said = ''
    program.stdout.on('data', (text) => (said += text))
    await until('it is ready', () => said.includes('Atrium is ready'))
    const loaded = [...said.matchAll(/^loaded (.*)$/gm)].map(([, name]) => name!)
    expect(loaded).toContain('socket.io')
    for (const name of ['ldapts', '@node-saml/node-saml', 'xml-crypto', 'openid-client', 'oauth4webapi', 'jose', '@simplewebauthn/server'])
      assert.ok(!loaded.includes(name), name)
  } finally {
    program.kill('SIGKILL')
    await ended
    await close()
    await rm(folder, { recursive: true })
  }
})
