// What no design can beat: one committed insert, then the same bytes to every socket. Takes orders over IPC.
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { WebSocketServer } from 'ws'
import { embeddedPostgres, openDatabase } from '@atrium/platform'

const folder = await mkdtemp(join(tmpdir(), 'atrium-bare-'))
const postgres = await embeddedPostgres({
  dir: join(folder, 'db'),
  onLost: (error) => {
    throw error
  },
})
const db = openDatabase(postgres.connection)
await sql`create table said (id bigserial primary key, body text not null)`.execute(db)
await sql`insert into said (body) select 'word' from generate_series(1, 1000)`.execute(db)

const http = createServer()
const sockets = new WebSocketServer({ server: http, perMessageDeflate: false })
// A client that asks is answered by one query: the handshake and this are what coming back costs at least.
sockets.on('connection', (socket) =>
  socket.on('message', async (data: Buffer) => {
    const { rows } = await sql<{ body: string }>`select body from said where id = ${Number(data.toString())}`.execute(db)
    socket.send(JSON.stringify(rows))
  }),
)
http.listen(0, '127.0.0.1', () => process.send!({ port: (http.address() as AddressInfo).port }))

process.on('message', async ({ broadcast }: { broadcast: string }) => {
  await sql`insert into said (body) values (${broadcast})`.execute(db)
  for (const socket of sockets.clients) socket.send(broadcast)
  process.send!({ sent: sockets.clients.size })
})
process.on('SIGTERM', async () => {
  http.closeAllConnections()
  await db.destroy()
  await postgres.close()
  await rm(folder, { recursive: true, force: true })
  process.exit()
})
