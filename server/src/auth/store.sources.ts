import { sql, type Kysely } from 'kysely'
import { networkOf, type Reading, type Tx } from '@atrium/platform'
import type { SessionId } from '@atrium/protocol'

/** The networks from which these sessions began, those that have ended included. */
export async function networksOf(at: Reading<any> | Tx, ids: readonly SessionId[]): Promise<Map<SessionId, string>> {
  const { rows } = await sql<{ id: SessionId; source: string }>`select id, source from session where id = any(${ids}::uuid[])`.execute(
    at as unknown as Kysely<any>,
  )
  return new Map(rows.map(({ id, source }) => [id, networkOf(source)]))
}
