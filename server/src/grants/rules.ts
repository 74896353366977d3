import type { Right } from '@atrium/protocol'

export type TargetKind = 'domain' | 'account' | 'list' | 'resource' | 'cos'
/** A thing, and the domains it lies in: one, or for a class those whose accounts may have it. */
export interface Place {
  kind: TargetKind
  id: string
  domainIds: readonly string[]
}
/** A grant that somebody has, by themselves or by a list they are in. */
export interface Held {
  id: string
  rights: readonly Right[]
  isDenied: boolean
  mayGrant: boolean
  target: Place
}
export const kindOf = (right: Right) => right.slice(0, right.indexOf('.'))
const seeing = (right: Right): Right => `${kindOf(right)}.see` as Right

/** GRANT-1  A right over a domain holds for each account, list and resource in it, and the classes that it uses may be seen. */
export const lies = (place: Place, target: Pick<Place, 'kind' | 'id'>, right: Right): boolean =>
  place.id === target.id ||
  (target.kind === 'domain' && place.domainIds.includes(target.id) && (place.kind !== 'cos' || right === 'cos.see'))

/** GRANT-2  `see` is part of every other right over the same kind of thing. */
export const gives = (rights: readonly Right[], right: Right): boolean =>
  rights.includes(right) || (right === seeing(right) && rights.some((other) => kindOf(other) === kindOf(right)))

/** GRANT-3  What is denied nobody else's grant brings back; who may not even see may do nothing. */
export const denies = (rights: readonly Right[], right: Right): boolean => rights.includes(right) || rights.includes(seeing(right))

export const allowing = (held: readonly Held[], place: Place, right: Right): Held[] =>
  held.filter(({ isDenied, rights, target }) => !isDenied && lies(place, target, right) && gives(rights, right))
export const denying = (held: readonly Held[], place: Place, right: Right): Held[] =>
  held.filter(({ isDenied, rights, target }) => isDenied && lies(place, target, right) && denies(rights, right))
export const holds = (held: readonly Held[], place: Place, right: Right): boolean =>
  allowing(held, place, right).length > 0 && denying(held, place, right).length === 0

/** GRANT-4  One gives only what one holds there oneself with the right to grant it on. */
export const mayGive = (held: readonly Held[], place: Place, right: Right): boolean =>
  denying(held, place, right).length === 0 && allowing(held, place, right).some(({ mayGrant }) => mayGrant)

/** The grants that giving these on would rest on: as few as there need be. */
export function sourcesOf(held: readonly Held[], place: Place, rights: readonly Right[]): string[] {
  const sources: string[] = []
  let missing = rights
  while (missing.length > 0) {
    const counted = held
      .filter(({ mayGrant }) => mayGrant)
      .map((grant) => ({ id: grant.id, has: missing.filter((right) => allowing([grant], place, right).length > 0) }))
      .sort((one, other) => other.has.length - one.has.length)
    const best = counted[0]
    if (!best || best.has.length === 0) throw new Error('These rights are nobody’s to give here.')
    sources.push(best.id)
    missing = missing.filter((right) => !best.has.includes(right))
  }
  return sources
}

/**
 * GRANT-5  Who administers everything, and who holds a right that one lacks, may be seen and no more: whoever could wipe their
 * password could become them.
 */
export const isAbove = (them: { isAdministrator: boolean; held: readonly Held[] }, held: readonly Held[]): boolean =>
  them.isAdministrator || them.held.some(({ isDenied, rights, target }) => !isDenied && rights.some((right) => !holds(held, target, right)))

/** Whether somebody administers anything that does not lie in this domain alone: for PROV-7. */
export const reachesBeyond = (held: readonly Held[], domainId: string): boolean =>
  held.some(({ isDenied, target: { domainIds } }) => !isDenied && !(domainIds.length === 1 && domainIds[0] === domainId))

/** GRANT-6  Nobody has these of themselves: what one may do is decided by others. */
export const notOnOneself: readonly Right[] = [
  'account.values',
  'account.status',
  'account.security',
  'account.move',
  'account.delete',
  'account.openAs',
]

/** Rights over accounts that leave them as they are. */
export const isHarmless = (right: Right): boolean => right === 'account.see'

/** GRANT-7  What can be granted over what. Limits, and classes for everybody, are for global administrators only. */
const single: Record<Exclude<TargetKind, 'domain'>, readonly string[]> = {
  account: ['account', 'grant'],
  list: ['list', 'grant'],
  resource: ['resource', 'grant'],
  cos: ['cos', 'grant'],
}
const everybodys: readonly Right[] = ['domain.limits', 'cos.create', 'cos.change', 'cos.delete']
export const suits = (right: Right, kind: TargetKind): boolean =>
  kind === 'domain'
    ? !everybodys.includes(right)
    : single[kind].includes(kindOf(right)) && right !== `${kind}.create` && right !== 'domain.limits'

/**
 * GRANT-8  Rights of lists hold for who is named in them, or in a list in them. A dynamic list is given none: whoever changes a
 * department would change rights.
 */
export const mayHoldRights = (list: { url: string | null }): boolean => list.url === null

// GRANT-9 (revoking takes what was granted from it, however far) is `removeTree`: somebody may be granting from it meanwhile.
