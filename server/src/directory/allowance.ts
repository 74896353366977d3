import { sql } from 'kysely'
import type { Tx } from '@atrium/platform'
import { unlimited, type AccountId, type DomainId, type Values } from '@atrium/protocol'
import { bytesIn } from './store.domains.ts'
import { open, type Db } from './tables.ts'

const inNumbers = (value: number | typeof unlimited): number => (value === unlimited ? Number.MAX_SAFE_INTEGER : value)

/** What somebody may keep, by their values and by their domain's limit. */
export async function allowanceOf(
  at: Db | Tx,
  id: AccountId,
  valuesIn: (at: Db | Tx, ids: readonly string[]) => Promise<Map<string, Values>>,
) {
  const values = (await valuesIn(at, [id])).get(id)!
  // Who adds to a domain with a limit is alone with it until the unit ends: two uploads do not both take what is left.
  const { rows } = await sql<{ id: DomainId; maxBytes: number }>`
    select domain.id, domain.max_bytes, pg_advisory_xact_lock(hashtextextended(domain.id::text, 15))::text as held
    from account join domain on domain.id = account.domain_id where account.id = ${id} and domain.max_bytes is not null`.execute(open(at))
  const [home] = rows
  // Asked when the lock is held: one statement for both would look at what was there before it waited.
  const bytes = home ? ((await bytesIn(at, [home.id])).get(home.id) ?? 0) : 0
  return {
    quotaBytes: inNumbers(values['files.quota']),
    domain: home ? { maxBytes: home.maxBytes, leftBytes: home.maxBytes - bytes } : null,
    maxUploadBytes: inNumbers(values['files.maxUpload']),
    versionsKept: inNumbers(values['files.versionsKept']),
  }
}
