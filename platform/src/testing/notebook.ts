import { sql } from 'kysely'
import type { PoolConfig } from 'pg'
import type { RoomId } from '@atrium/protocol'
import type { Event } from '../bus/index.ts'
import { workshop, type Announce, type Tx } from '../work.ts'
import { cloneDatabase } from './index.ts'

export interface Notes {
  note: { id: number; text: string }
}

/** A database in which notes are written, for stories of units of work, with what it was asked and every error that it reported. */
export async function notebooks(cluster: PoolConfig) {
  const faults: unknown[] = []
  const statements: string[] = []
  const { db, close } = await cloneDatabase(cluster, (event) => {
    statements.push(event.query.sql.trim())
    if (event.level === 'error') faults.push((event.error as { code?: string }).code)
  })
  await sql`create table note (id int primary key, text text not null)`.execute(db)

  return {
    db,
    faults,
    statements,
    close,

    /** An empty one, and what is heard of it. */
    async notebook(lanes = 1) {
      await sql`truncate note, journal, topic`.execute(db)
      const heard: Event[] = []
      const { work, workAbreast, db: mine } = workshop(db, { publish: (event) => heard.push(event) }, { lanes, maxTogether: 50 })<Notes>()
      const xid = (tx: Tx<Notes>) => sql<{ x: string }>`select pg_current_xact_id()::text as x`.execute(tx).then(({ rows }) => rows[0]!.x)
      const write = (id: number, topic = 'room:1') =>
        work(async (tx, announce) => {
          await tx
            .insertInto('note')
            .values({ id, text: `${id}` })
            .execute()
          say(announce, topic)
          return xid(tx)
        })
      const ids = async () => (await mine.selectFrom('note').select('id').orderBy('id').execute()).map((row) => row.id)
      return { work, workAbreast, write, xid, ids, heard, seqs: () => heard.map((event) => event.seq) }
    },

    /** What was written down where it has its number: the notes if there are any, otherwise the facts. */
    async texts(): Promise<(string | null)[]> {
      const { rows: notes } = await sql<{ text: string }>`select text from note order by id`.execute(db)
      if (notes.length > 0) return notes.map(({ text }) => text)
      const { rows } = await sql<{ text: string | null }>`select payload->>'roomId' as text from journal order by seq`.execute(db)
      return rows.map(({ text }) => text)
    },
  }
}

/** A bus that nobody listens to. */
export const deaf = { publish() {} }

/** Announces something that says `text`. */
export const say = (announce: Announce, topic: string, text = 'seen', mark?: Parameters<Announce>[3]) =>
  announce(topic as 'account:1', 'chat.room.read', { roomId: text as RoomId, read: 1 }, mark)
