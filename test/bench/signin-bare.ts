// The least that lets somebody in over HTTP: one look for the hash, the hash in the same pool, one row for the session.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { sql } from 'kysely'
import { openDatabase } from '@atrium/platform'
import { hashingPool } from '../../server/src/auth/index.ts'

process.once('message', async ({ host }: { host: string }) => {
  const db = openDatabase({ host, user: 'atrium', database: 'postgres', max: 2 })
  const pool = hashingPool()
  await sql`create table bare_session (id uuid primary key, account_id uuid not null)`.execute(db)
  const server = createServer(async (request, response) => {
    const { address, password } = (await json(request)) as { address: string; password: string }
    const { rows } = await sql<{ id: string; hash: string }>`
      select credential.account_id as id, hash from address join credential on credential.account_id = address.owner_id
      where address.address = ${address}`.execute(db)
    const ok = rows[0] !== undefined && (await pool.verify(rows[0].hash, password))
    if (ok) await sql`insert into bare_session (id, account_id) values (${randomUUID()}, ${rows[0]!.id})`.execute(db)
    response.end(JSON.stringify({ ok }))
  })
  server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }))
})
