import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { sql, type Kysely } from 'kysely'

export interface Member {
  accountId: string
  cookie: string
}

/**
 * Thousands of people with sessions, written as rows: making them through the front door would measure argon2. What is
 * measured afterwards goes through the doors only.
 */
export async function addPeople(db: Kysely<any>, count: number): Promise<Member[]> {
  const people = Array.from({ length: count }, () => ({ accountId: randomUUID() as string, secret: randomBytes(32).toString('base64url') }))
  const ids = people.map(({ accountId }) => accountId)
  await sql`
    insert into account (id, kind, name, title, status, is_administrator, joined_at, created_at, sort_key, words)
    select id, 'person', 'Person ' || n, '', 'active', false, now(), now(), 'person ' || n, 'person ' || n
    from unnest(${ids}::uuid[]) with ordinality as made (id, n)`.execute(db)
  await sql`
    insert into address (address, owner_kind, owner_id, is_primary)
    select 'person-' || id || '@crowd.example', 'account', id, true from unnest(${ids}::uuid[]) as made (id)`.execute(db)
  await sql`
    insert into session (id, account_id, account_kind, secret_hash, device, source, started_at, seen_at, expires_at)
    select gen_random_uuid(), id, 'person', hash, 'Bench', '127.0.0.1', now(), now(), now() + interval '14 days'
    from unnest(${ids}::uuid[], ${people.map(({ secret }) => createHash('sha256').update(secret).digest())}::bytea[]) as made (id, hash)`.execute(
    db,
  )
  return people.map(({ accountId, secret }) => ({ accountId, cookie: `atrium=${secret}` }))
}

/** Rooms in which everybody of `members` sits, with `said` messages behind them. */
export async function addRooms(db: Kysely<any>, rooms: readonly { members: readonly Member[]; said?: number }[]): Promise<string[]> {
  const ids: string[] = []
  for (const { members, said = 0 } of rooms) {
    const roomId = randomUUID()
    const accountIds = members.map(({ accountId }) => accountId)
    await sql`insert into room (id, kind, name, about, member_count, created_at) values (${roomId}, 'group', ${`Room ${ids.length}`}, '', ${accountIds.length}, now())`.execute(
      db,
    )
    await sql`
      insert into seat (account_id, room_id, joined_seq, from_seq, role, read_seq)
      select id, ${roomId}, 1, 1, case n when 1 then 'owner' else 'member' end, ${said} from unnest(${accountIds}::uuid[]) with ordinality as made (id, n)`.execute(
      db,
    )
    await sql`insert into topic (name, seq) values (${`room:${roomId}`}, ${said})`.execute(db)
    await sql`
      insert into message (id, room_id, seq, author_id, client_id, body, mentions, pictures, sent_at)
      select gen_random_uuid(), ${roomId}, n, (${accountIds}::uuid[])[1 + n % ${accountIds.length}], gen_random_uuid(),
        'Message ' || n || ': ' || repeat('the tide turns and the harbour light comes on ', 1 + n % 3), '{}', '[]', now() - make_interval(secs => (${said} - n) * 30)
      from generate_series(1, ${said}::int) as n`.execute(db)
    ids.push(roomId)
  }
  // Of a table that is empty the server would note that it is, and look for every message by reading all of them, until it
  // looks again by itself a minute later: that is no state in which a hub is ever found.
  await sql`analyze account, address, session, room, seat, topic`.execute(db)
  if (rooms.some(({ said = 0 }) => said > 0)) await sql`analyze message`.execute(db)
  return ids
}
