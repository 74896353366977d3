import type { Kysely } from 'kysely'
import type { Tx } from '@atrium/platform'
import type { AccountId, Invitation } from '@atrium/protocol'
import { linkLivesMs, type LinkPurpose } from './rules.ts'
import { hashOf, newSecret } from './secrets.ts'
import { addLink, type LinkDetail } from './store.ts'

const pages: Record<LinkPurpose, string> = {
  setup: 'setup',
  invitation: 'invitation',
  reset: 'invitation',
  admin: 'invitation',
  forgotten: 'invitation',
  recovery: 'recovery',
  phone: 'phone',
  enrolment: 'enrolment',
}

/** Writes a link row, and gives back the only copy of its secret, in the path of a page. */
export async function makeLink(
  tx: Tx | Kysely<any>,
  purpose: LinkPurpose,
  accountId: AccountId | null,
  now: Date,
  detail: LinkDetail | null = null,
): Promise<Invitation> {
  const secret = newSecret()
  const expiresAt = new Date(now.getTime() + linkLivesMs[purpose])
  await addLink(tx, { secretHash: hashOf(secret), purpose, accountId, expiresAt, detail })
  return { path: `/${pages[purpose]}/${secret}`, expiresAt: expiresAt.toISOString() }
}
