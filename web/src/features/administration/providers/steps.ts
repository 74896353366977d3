import type { Provider, ProviderTrouble } from '@atrium/protocol'
import { inFull, m } from '#lib/i18n/index.ts'
import type { Tested } from './draft.svelte.ts'

type Step = Tested['steps'][number]

export const stepNames: Record<Step['what'], () => string> = {
  reach: m.step_reach,
  bind: m.step_bind,
  base: m.step_base,
  changes: m.step_changes,
  accounts: m.step_accounts,
  groups: m.step_groups,
  metadata: m.step_metadata,
  certificates: m.step_certificates,
}

/** Each says what to do. */
export const troubles: Record<ProviderTrouble, () => string> = {
  refused: m.trouble_refused,
  late: m.trouble_late,
  certificate: m.trouble_certificate,
  noTls: m.trouble_no_tls,
  credentials: m.trouble_credentials,
  referral: m.trouble_referral,
  truncated: m.trouble_truncated,
  tooLong: m.trouble_too_long,
  noBase: m.trouble_no_base,
  rights: m.trouble_rights,
  address: m.trouble_address,
  noEntries: m.trouble_no_entries,
  taken: m.trouble_taken,
  full: m.trouble_full,
  other: m.trouble_other,
}

/** What a mirror that stopped asks about. */
export const askedOf = ({ vanished, accounts, vanishedLists, lists }: NonNullable<Provider['mirror']>): string =>
  [
    ...(vanished > 0 ? [m.mirror_asks_title({ count: vanished, all: String(accounts) })] : []),
    ...(vanishedLists > 0 ? [m.mirror_asks_lists({ count: vanishedLists, all: String(lists) })] : []),
  ].join(' ')

type SignInTrouble = Provider['troubles'][number]
/** Of an identity provider: what is wrong since when, and what to do about it. */
const signInTroubles: Record<SignInTrouble['what'], (said: { at: string }) => string> = {
  certificateOver: m.trouble_certificate_over,
  certificateSoon: m.trouble_certificate_soon,
  away: m.trouble_away,
  signature: m.trouble_signature,
  clock: m.trouble_clock,
  audience: m.trouble_audience,
}
export const signInTrouble = ({ what, at }: SignInTrouble): string => signInTroubles[what]({ at: inFull(new Date(at)) })

/** What a step came to. What the other side said itself stands beside it where something went wrong. */
export function sayingOf({ what, isFine, trouble, said }: Step): string {
  if (!isFine) {
    if (what === 'certificates') return m.trouble_certificates_over()
    if (what === 'metadata' && trouble === 'refused') return m.trouble_metadata()
    return troubles[trouble ?? 'other']()
  }
  switch (what) {
    case 'reach':
      return m.step_reach_fine()
    case 'bind':
      return said === '' ? m.step_bind_nobody() : m.step_bind_fine({ name: said })
    case 'base':
      return m.step_base_fine({ base: said })
    case 'changes':
      return said === '' ? m.step_changes_none() : m.step_changes_fine()
    case 'accounts':
      return m.step_accounts_fine({ count: said })
    case 'groups':
      return m.step_groups_fine({ count: said })
    case 'metadata':
      return m.step_metadata_fine()
    case 'certificates':
      return m.step_certificates_fine({
        dates: said
          .split(' ')
          .map((at) => inFull(new Date(at)))
          .join(', '),
      })
    default:
      return what satisfies never
  }
}
