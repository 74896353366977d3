import { fail, type Announce } from '@atrium/platform'
import type { AccountId } from '@atrium/protocol'
import { levelOf } from './rules.ts'
import { accountTopic, type Allowance, type FilesDeps } from './service.common.ts'
import type { Tx } from './store.ts'
import { takeRoom, usageOf } from './store.versions.ts'

/**
 * FILE-9  Nobody keeps more than they may, uploads under way included, and all people of a domain no more than it may. Who has more
 * already, because less is allowed now, loses nothing and adds nothing.
 */
export async function pay(
  { allowanceOf }: Pick<FilesDeps, 'allowanceOf'>,
  tx: Tx,
  announce: Announce,
  accountId: AccountId,
  bytes: number,
  field?: string,
): Promise<Allowance> {
  const allowance = await allowanceOf(tx, accountId)
  const { quotaBytes, domain } = allowance
  const full = (maxBytes: number) => fail('over_quota', 'files.spaceFull', { params: { maxBytes }, ...(field !== undefined && { field }) })
  if (domain && bytes > domain.leftBytes) throw full(domain.maxBytes)
  const after = await takeRoom(tx, accountId, bytes, quotaBytes)
  if (after === undefined) throw full(quotaBytes)
  // FILE-18
  const percent = levelOf(after, quotaBytes)
  if (percent > levelOf(after - bytes, quotaBytes))
    announce(
      accountTopic(accountId),
      'files.usage.reached',
      { bytes: after, maxBytes: quotaBytes, percent },
      { replaces: `usage:${accountId}` },
    )
  return allowance
}

/** Nothing new is begun by who keeps too much. */
export async function mustHaveRoom({ allowanceOf }: Pick<FilesDeps, 'allowanceOf'>, tx: Tx, accountId: AccountId): Promise<void> {
  const { quotaBytes } = await allowanceOf(tx, accountId)
  if ((await usageOf(tx, accountId)) > quotaBytes) throw fail('over_quota', 'accounts.readOnlyOverQuota', { params: { max: quotaBytes } })
}
