import type { RawBuilder } from 'kysely'
import { currentRequest, fail, type Actor, type Authority, type Request } from '@atrium/platform'
import { rights as allRights, type AccountId, type Needs, type Right } from '@atrium/protocol'
import {
  denies,
  gives,
  holds,
  isAbove,
  isHarmless,
  kindOf,
  lies,
  mayGive,
  notOnOneself,
  suits,
  type Held,
  type Place,
  type TargetKind,
} from './rules.ts'
import { administratorsAmong, classesOf, confirmedAt, findGrants, heldBy, placesOf, type Db } from './store.ts'

/**
 * Over what somebody has a right: all there is, or what lies in these domains and these single things, but for the exceptions.
 * `ids` are of the right's kind: accounts for `account.see`, classes for `cos.see`; for `grant.see`, of every kind.
 */
export type Visible = 'all' | (Targets & { except: Targets })
export interface Targets {
  domainIds: string[]
  ids: string[]
}
export interface Target {
  kind: TargetKind
  id: string
}
type Who = Pick<Actor, 'accountId' | 'through'>

export interface AuthorityDeps {
  db: Db
  now: () => Date
  isAdministrator: (actor: Pick<Actor, 'accountId'>) => Promise<boolean>
  administersInSql: (accountId: AccountId) => RawBuilder<boolean>
}

const confirmedForMs = 10 * 60_000
const sameMomentMs = 1_000
const seeing: Record<TargetKind, Right> = {
  domain: 'domain.see',
  account: 'account.see',
  list: 'list.see',
  resource: 'resource.see',
  cos: 'cos.see',
}
const forbidden = () => fail('forbidden', 'forbidden')
const notFound = () => fail('not_found', 'notFound')

export function authorityOf({ db, now, isAdministrator, administersInSql }: AuthorityDeps) {
  const asked = new Map<string, { answer: Promise<boolean>; until: number }>()
  const administeredWhenLastAsked = new Set<AccountId>()
  const keyOf = (request: Request, { accountId }: Who) => `${request.id} ${accountId}`
  /** The dispatcher asks, and the handler: within one request, and a moment, that is one question. */
  function askedOnce(actor: Who): Promise<boolean> {
    const request = currentRequest()
    if (!request) return isAdministrator(actor)
    const known = asked.get(keyOf(request, actor))
    if (known && known.until > performance.now()) return known.answer
    return keep(request, actor, isAdministrator(actor))
  }
  function keep(request: Request, actor: Who, found: Promise<boolean>): Promise<boolean> {
    const [key, at] = [keyOf(request, actor), performance.now()]
    for (const [old, { until }] of asked)
      if (until <= at) asked.delete(old)
      else break
    const answer = found.then((is) => {
      if (is) administeredWhenLastAsked.add(actor.accountId)
      else administeredWhenLastAsked.delete(actor.accountId)
      return is
    })
    // Taken out first: those that are over soonest come first.
    asked.delete(key)
    asked.set(key, { answer, until: at + sameMomentMs })
    return answer
  }
  const presumes = ({ accountId, through }: Who) => !through && administeredWhenLastAsked.has(accountId)
  /**
   * Whoever sits at the hub's own machine has the database anyway. Nobody administers through another's eyes. `at`: in a unit it is asked
   * on the unit's connection; many that each wait for another one would leave none to anybody.
   */
  async function administers(actor: Who, at?: Db): Promise<boolean> {
    if (actor.through?.kind === 'console') return true
    if (actor.through?.kind === 'administrator' || actor.through?.kind === 'application') return false
    return at ? (await administratorsAmong(at, [actor.accountId])).has(actor.accountId) : askedOnce(actor)
  }
  async function heldOf({ accountId, through }: Who, at: Db = db): Promise<Held[]> {
    if (through?.kind === 'administrator' || through?.kind === 'application') return []
    return (await heldBy(at, [accountId])).get(accountId) ?? []
  }

  /** Of these things, those over which somebody has a right. */
  async function may(actor: Who, right: Right, kind: TargetKind, ids: readonly string[]): Promise<Set<string>> {
    const [isAll, places] = await Promise.all([administers(actor), placesOf(db, kind, ids)])
    if (isAll) return new Set(places.keys())
    return allowedAmong(db, await heldOf(actor), actor, right, places)
  }
  /** The same of somebody who asks nothing now, as it stands in a unit under way. */
  async function mayIn(at: Db, accountId: string, right: Right, kind: TargetKind, ids: readonly string[]): Promise<Set<string>> {
    const [administrators, places, held] = await Promise.all([
      administratorsAmong(at, [accountId]),
      placesOf(at, kind, ids),
      heldBy(at, [accountId]),
    ])
    if (administrators.has(accountId)) return new Set(places.keys())
    return allowedAmong(at, held.get(accountId) ?? [], { accountId }, right, places)
  }
  async function allowedAmong(
    at: Db,
    held: readonly Held[],
    who: { accountId: string },
    right: Right,
    places: ReadonlyMap<string, Place>,
  ): Promise<Set<string>> {
    const allowed = [...places.values()].filter((place) => holds(held, place, right))
    if (kindOf(right) !== 'account' || isHarmless(right)) return new Set(allowed.map(({ id }) => id))
    const untouchable = await above(at, held, who, right, allowed)
    return new Set(allowed.flatMap(({ id }) => (untouchable.has(id) ? [] : [id])))
  }

  /** GRANT-5 and GRANT-6: who of them is not to be touched, though the right is there. */
  async function above(
    at: Db,
    held: readonly Held[],
    { accountId }: { accountId: string },
    right: Right,
    places: readonly Place[],
  ): Promise<Map<string, 'self' | 'above'>> {
    const ids = places.map(({ id }) => id)
    const [administrators, theirs] = await Promise.all([administratorsAmong(at, ids), heldBy(at, ids)])
    const found = new Map<string, 'self' | 'above'>()
    for (const id of ids) {
      if (id === accountId && notOnOneself.includes(right)) found.set(id, 'self')
      else if (id !== accountId && isAbove({ isAdministrator: administrators.has(id), held: theirs.get(id) ?? [] }, held))
        found.set(id, 'above')
    }
    return found
  }

  /** Refuses as if it did not exist what may not be seen. */
  async function require(actor: Who, right: Right, kind: TargetKind, ids: readonly string[]): Promise<void> {
    if (await administers(actor)) return
    const held = await heldOf(actor)
    if (held.every(({ isDenied }) => isDenied)) throw forbidden()
    const places = await placesOf(db, kind, ids)
    for (const id of ids) {
      const place = places.get(id)
      if (!place || !(holds(held, place, right) || holds(held, place, seeing[kind]))) throw notFound()
    }
    const asked = [...places.values()]
    if (asked.some((place) => !holds(held, place, right))) throw forbidden()
    if (kind !== 'account' || isHarmless(right)) return
    const [why] = (await above(db, held, actor, right, asked)).values()
    if (why) throw fail('forbidden', why === 'self' ? 'grants.notYourself' : 'grants.aboveYou')
  }

  async function anywhere(actor: Who, right: Right): Promise<void> {
    if (await administers(actor)) return
    const held = await heldOf(actor)
    if (!held.some(({ isDenied, rights, target }) => !isDenied && gives(rights, right) && !isLost(held, target, right))) throw forbidden()
  }

  const authority: Authority = {
    async check(actor, { right, on }: Needs, input) {
      const said = (input as Record<string, string & string[]>)[on]!
      if (actor.through?.kind === 'application' || actor.through?.kind === 'administrator') throw forbidden()
      if (on === 'anything') return anywhere(actor, right)
      if (on === 'everything') {
        if (!(await administers(actor))) throw forbidden()
        return
      }
      if (on === 'grantId') return overGrant(actor, right, said)
      if (on === 'accountIds') return require(actor, right, 'account', [...new Set<string>(said)])
      return require(actor, right, on.slice(0, -2) as TargetKind, [said])
    },

    presumes,

    /** A token shows no password, and nobody shows somebody else’s. */
    async confirmed({ sessionId, through }) {
      if (through?.kind === 'console') return
      const at = through === undefined || through.kind === 'unfinished' ? await confirmedAt(db, sessionId) : null
      if (!at || now().getTime() - at.getTime() > confirmedForMs) throw fail('forbidden', 'factors.confirmFirst')
    },
  }

  async function overGrant(actor: Who, right: Right, id: string): Promise<void> {
    if (await administers(actor)) return
    const held = await heldOf(actor)
    if (held.every(({ isDenied }) => isDenied)) throw forbidden()
    const [grant] = await findGrants(db, [id])
    const place = grant && (await placesOf(db, grant.target.kind, [grant.target.id])).get(grant.target.id)
    if (!place || !holds(held, place, 'grant.see')) throw notFound()
    if (!holds(held, place, right)) throw forbidden()
  }

  async function visible(actor: Who, right: Right): Promise<Visible> {
    if (await administers(actor)) return 'all'
    const held = await heldOf(actor)
    const isOne = ({ target }: Held) => target.kind !== 'domain' && (kindOf(right) === 'grant' || target.kind === kindOf(right))
    const idsOf = (which: Held[]): Targets => ({
      domainIds: which.flatMap(({ target }) => (target.kind === 'domain' ? [target.id] : [])),
      ids: which.flatMap((grant) => (isOne(grant) ? [grant.target.id] : [])),
    })
    const except = idsOf(held.filter(({ isDenied, rights }) => isDenied && denies(rights, right)))
    const seen = idsOf(held.filter(({ isDenied, rights }) => !isDenied && gives(rights, right)))
    const domainIds = seen.domainIds.filter((id) => !except.domainIds.includes(id))
    // A class lies in many domains: one that may be seen in one of them is seen.
    if (kindOf(right) !== 'cos') return { domainIds, ids: seen.ids, except }
    const ids = [...new Set([...(await classesOf(db, domainIds)), ...seen.ids])].filter((id) => !except.ids.includes(id))
    return { domainIds: [], ids, except: { domainIds: [], ids: [] } }
  }

  return {
    authority,
    administers,
    heldOf,
    may,
    mayIn,
    /** As the dispatcher does for what an operation needs: for what a handler must look at itself, such as where something goes. */
    require: (actor: Who, right: Right, target: Target): Promise<void> => require(actor, right, target.kind, [target.id]),

    visible,
    /**
     * What `read` finds of what somebody has this right over. Who administered when it was last asked is not asked about before: the
     * statement itself shows everything while they do. Where it shows nothing, that may be why.
     */
    async seenBy<T>(actor: Who, right: Right, read: (seen: Visible | { allIf: RawBuilder<boolean> }) => Promise<T[]>): Promise<T[]> {
      const request = currentRequest()
      if (!request || !presumes(actor)) return read(await visible(actor, right))
      const found = await read({ allIf: administersInSql(actor.accountId) })
      if (found.length > 0) {
        await keep(request, actor, Promise.resolve(true))
        return found
      }
      const seen = await visible(actor, right)
      return seen === 'all' ? found : read(seen)
    },

    /** All rights of somebody over anything at all, and over each domain. */
    async rightsOf(actor: Who): Promise<{ anywhere: Right[]; domains: Map<string, { rights: Right[]; grantable: Right[] }> } | 'all'> {
      if (await administers(actor)) return 'all'
      const held = await heldOf(actor)
      const granting = held.filter(({ isDenied }) => !isDenied)
      const domains = new Map<string, { rights: Right[]; grantable: Right[] }>()
      for (const { target } of granting)
        if (target.kind === 'domain' && !domains.has(target.id)) {
          const rights = allRights.filter((right) => holds(held, target, right))
          const grantable = rights.includes('grant.give')
            ? rights.filter((right) => suits(right, 'domain') && mayGive(held, target, right))
            : []
          if (rights.length > 0) domains.set(target.id, { rights, grantable })
        }
      const somewhere = allRights.filter((right) =>
        granting.some(({ rights, target }) => gives(rights, right) && !isLost(held, target, right)),
      )
      return { anywhere: somewhere, domains }
    },
  }
}
const isLost = (held: readonly Held[], place: Place, right: Right): boolean =>
  held.some(({ isDenied, rights, target }) => isDenied && lies(place, target, right) && denies(rights, right))

export type Ruling = ReturnType<typeof authorityOf>
