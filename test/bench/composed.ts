import { mkdtemp, rm } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { begin, dispatcher, type Call, type House } from '@atrium/platform'
import { chat, type AccountId, type SessionId } from '@atrium/protocol'
import { migrations } from '../../server/migrations/index.ts'
import { hashingPool } from '../../server/src/auth/index.ts'
import { slices } from '../../server/src/slices.ts'

export type Send = (accountId: string, roomId: string, body: string) => Promise<void>

/**
 * The product as the service composes it, on an embedded database that writes to the disk, asked at `dispatch`: no
 * sockets. Only the limit of what one person may send in a minute is lifted.
 */
export async function composed() {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-bench-'))
  const env = { ATRIUM_PORT: '0', ATRIUM_DATA: folder, ATRIUM_LOG_LEVEL: 'warn', ATRIUM_SERVICES: 'server' }
  const nothing = { drain: async () => {}, stop: async () => {} }
  const running = await begin({ server: async () => ({ migrations, start: async () => nothing }) }, { env, args: [] })
  const { house } = running
  const hashing = hashingPool()

  return {
    db: house.db as Kysely<any>,
    house,
    bus: house.bus,
    connection: { host: join(folder, 'db'), user: 'atrium', database: 'postgres' },
    /** The product on these units of work. */
    sender(databaseOf: House['databaseOf'] = house.databaseOf): Send {
      const { rooms } = slices({
        ...house,
        databaseOf,
        hashing,
        origin: running.url,
        source: '',
        streamTo: [],
        quotaBytes: house.config.quotaBytes,
      })
      const dispatch = dispatcher(chat, rooms.handlers, rooms.nudges, { ...house, throttle: { take: () => 0 } })
      return async (accountId, roomId, body) => {
        const actor = { accountId: accountId as AccountId, kind: 'person', sessionId: randomUUID() as SessionId, scope: null } as const
        const call: Call = { door: 'socket', source: '127.0.0.1', userAgent: 'bench', requestId: randomUUID(), session: undefined }
        const reply = await dispatch(actor, 'chat.send', { clientId: randomUUID(), roomId, body }, call)
        if (!reply.ok) throw new Error(JSON.stringify(reply.error))
      }
    },
    async close() {
      await hashing.close()
      await running.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
