import { randomUUID } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import type { CosId, DomainId } from '@atrium/protocol'
import { fold } from '../../protocol/src/fold.ts'
import { searchableWords } from '../../server/src/directory/index.ts'

const pick = <T>(from: readonly T[], n: number): T => from[n % from.length]!
const given = [
  'Zoë',
  'Émile',
  'Anna',
  'Björn',
  'Chiara',
  'Dmitri',
  'Eszter',
  'Fatima',
  'Giulia',
  'Håkon',
  'Inês',
  'José',
  'Karel',
  'Łucja',
  'Māra',
]
const surnames = [
  'Ångström',
  'Bianchi',
  'Černý',
  'Dubois',
  'Eze',
  'Fischer',
  'García',
  'Horváth',
  'Ivanov',
  'Jäger',
  'Kowalska',
  'Lindqvist',
  'Müller',
  'Nowak',
  'O’Brien',
  'Petrov',
  'Rossi',
  'Škoda',
  'Tóth',
  'Ünal',
]

/** So many accounts of a domain with a session each, written as rows: making them by the front door would measure hashing. */
export async function addAccounts(db: Kysely<any>, people: number, domainId: DomainId, cosId: CosId): Promise<void> {
  for (let from = 0; from < people; from += 5_000) {
    const rows = Array.from({ length: 5_000 }, (_, i) => {
      const n = from + i
      const name = `${pick(given, n * 7 + (n >> 4))} ${pick(surnames, n * 3 + (n >> 3))} ${n}`
      const address = `person.${n}@bench.example`
      return {
        id: randomUUID(),
        name,
        address,
        sort_key: fold(name),
        words: searchableWords(name, [address]),
        at: new Date(Date.UTC(2024, 0, 1) + n * 60_000),
      }
    })
    const given_ = sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as made (id uuid, name text, address text, sort_key text, words text, at timestamptz)`
    await sql`insert into account (id, kind, name, title, status, is_administrator, joined_at, created_at, sort_key, words, domain_id, cos_id, seen_at)
      select id, 'person', name, '', case when right(name, 3) = '777' then 'locked' else 'active' end, false, at, at, sort_key, words, ${domainId}, ${cosId}, at from ${given_}`.execute(
      db,
    )
    await sql`insert into address (address, owner_kind, owner_id, is_primary) select address, 'account', id, true from ${given_}`.execute(
      db,
    )
    await sql`insert into session (id, account_id, account_kind, secret_hash, device, source, started_at, seen_at, expires_at)
      select gen_random_uuid(), id, 'person', decode(md5(id::text), 'hex'), 'Bench', '127.0.0.1', now(), now(), now() + interval '14 days' from ${given_}`.execute(
      db,
    )
  }
  await sql`vacuum analyze account, address, session, domain, cos`.execute(db)
}
