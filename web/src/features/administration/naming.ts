import type { AccountRow, ChosenStatus, Domain, Person } from '@atrium/protocol'
import { m } from '#lib/i18n/index.ts'

/** What a `Select` offers, of names by their values. */
export const optionsOf = <Value extends string>(names: Readonly<Record<Value, () => string>>) =>
  (Object.keys(names) as Value[]).map((value) => ({ value, label: names[value]() }))
/** And of things that have a name. */
export const named = <Value extends string>(things: readonly { id: Value; name: string }[], before = '') =>
  things.map(({ id, name }) => ({ value: id, label: `${before}${name}` }))

type Status = Person['status']
export const statusNames: Record<Status, () => string> = {
  active: m.admin_status_active,
  invited: m.admin_status_invited,
  pending: m.admin_status_pending,
  maintenance: m.admin_status_maintenance,
  locked: m.admin_status_locked,
  closed: m.admin_status_closed,
  deleted: m.admin_status_deleted,
}
export const chosenStatuses: readonly ChosenStatus[] = ['active', 'maintenance', 'locked', 'closed', 'pending']
export const statusTexts: Record<ChosenStatus, () => string> = {
  active: m.admin_status_active_text,
  maintenance: m.admin_status_maintenance_text,
  locked: m.admin_status_locked_text,
  closed: m.admin_status_closed_text,
  pending: m.admin_status_pending_text,
}
export const statusKinds: Record<Status, 'neutral' | 'good' | 'warn' | 'bad'> = {
  active: 'good',
  invited: 'warn',
  pending: 'warn',
  maintenance: 'warn',
  locked: 'bad',
  closed: 'bad',
  deleted: 'bad',
}
export const typeNames: Record<AccountRow['type'], () => string> = {
  normal: m.admin_type_normal,
  delegated: m.admin_type_delegated,
  administrator: m.admin_type_administrator,
  system: m.admin_type_system,
  external: m.admin_type_external,
  guest: m.admin_type_guest,
}
/** How many accounts a domain has, of how many it may have. */
export const fullnessOf = ({ accounts, limits }: Pick<Domain, 'accounts' | 'limits'>): string =>
  limits.accounts === null ? m.admin_accounts_count({ count: accounts }) : m.admin_accounts_of({ count: accounts, limit: limits.accounts })
export const isLockedOut = ({ lockedOutUntil }: Pick<AccountRow, 'lockedOutUntil'>): boolean =>
  lockedOutUntil !== null && new Date(lockedOutUntil) > new Date()
