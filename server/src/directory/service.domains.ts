import { audited, fail, type Actor, type Announce, type Tx } from '@atrium/platform'
import type { Domain, DomainId, Hub, Input, Look, Output, PictureId } from '@atrium/protocol'
import { contrastOnPages, leastContrast } from './contrast.ts'
import { isShut } from './rules.ts'
import { cursorOf, noSuchClass, noSuchDomain, readCursor, type DirectoryDeps } from './service.common.ts'
import { findCos } from './store.cos.ts'
import {
  addDomain,
  bytesIn,
  changeDomain,
  deleteDomain,
  nearestDomain,
  findDomains,
  findHome,
  holdDomains,
  isEmptyDomain,
  listDomains,
  lookOf,
  markShut,
  toDomain,
  type DomainRow,
} from './store.domains.ts'
import { countAdministratorsOutside, findOrganisation, holdOrganisation } from './store.ts'
import type { Db, DirectoryTables } from './tables.ts'
import { changed } from './values.ts'

const pictureFields = ['logoLight', 'logoDark', 'picture'] as const
const alone = { alone: true }

export function domainsService(deps: DirectoryDeps) {
  const { db, work, now, newId, visible } = deps

  async function whole(at: Db | Tx, rows: Omit<DomainRow, 'bytes'>[]): Promise<Domain[]> {
    const bytes = await bytesIn(
      at,
      rows.map(({ id }) => id),
    )
    return rows.map((row) => toDomain({ ...row, bytes: bytes.get(row.id) ?? 0 }))
  }
  async function one(at: Db | Tx, domainId: DomainId): Promise<Domain> {
    const [found] = await whole(at, await findDomains(at, [domainId]))
    if (!found) throw noSuchDomain()
    return found
  }
  async function held(tx: Tx, domainId: DomainId): Promise<Omit<DomainRow, 'bytes'>> {
    const [found] = await holdDomains(tx, [domainId])
    if (!found) throw noSuchDomain()
    return found
  }

  /** Changes what is said, and says what was before. Nothing said, or nothing new: nothing is written. */
  function change(
    domainId: DomainId,
    changing: (before: Omit<DomainRow, 'bytes'>, tx: Tx, announce: Announce) => Promise<Partial<DirectoryTables['domain']>>,
  ): Promise<Domain> {
    return work(async (tx, announce) => {
      const before = await held(tx, domainId)
      const said = await changing(before, tx, announce)
      const news = Object.fromEntries(
        Object.entries(said).filter(
          ([key, value]) => value !== undefined && JSON.stringify(value) !== JSON.stringify(before[key as keyof typeof before]),
        ),
      )
      if (Object.keys(news).length > 0) {
        await changeDomain(tx, domainId, news)
        const kept = Object.fromEntries(Object.keys(news).map((key) => [key, before[key as keyof typeof before]]))
        audited({ target: { kind: 'domain', id: domainId, name: before.name }, domainId, before: kept, after: news })
        if ('caps' in news || 'defaultCosId' in news) announce('directory:all', 'values.changing', { cosId: null, domainId })
      }
      return one(tx, domainId)
    }, alone)
  }

  /** FILE: one's picture becomes the domain's when it is named first; what is not named stays. */
  async function setPictures(tx: Tx, actor: Actor, before: Omit<DomainRow, 'bytes'>, look: Partial<Look>): Promise<void> {
    const after = { ...lookOf(before), ...look }
    if (pictureFields.every((field) => after[field] === lookOf(before)[field])) return
    const wanted = pictureFields.flatMap((field) => after[field] ?? [])
    await deps.setLookPictures(tx, actor.accountId, before.id, [...new Set<PictureId>(wanted)])
  }

  return {
    async list(actor: Actor, asked: Input<Hub, 'domains.list'>): Promise<Output<Hub, 'domains.list'>> {
      const seen = await visible(actor, 'domain.see')
      // A right over a domain as a whole is one over its id.
      const only = seen === 'all' ? undefined : [...seen.domainIds, ...seen.ids].filter((id) => !isExcepted(seen, id))
      const after = asked.after === undefined ? undefined : readCursor(asked.after, 1)[0]
      const found = await listDomains(db, { ...asked, after, limit: asked.limit + 1 }, only)
      const page = found.slice(0, asked.limit)
      return { domains: await whole(db, page), next: found.length > asked.limit ? cursorOf(page.at(-1)!.name) : null }
    },

    get: (_actor: Actor, { domainId }: Input<Hub, 'domains.get'>): Promise<Domain> => one(db, domainId),

    create: (_actor: Actor, { name, description }: Input<Hub, 'domains.create'>): Promise<Domain> =>
      work(async (tx) => {
        const home = (await findHome(tx))!
        const id = newId() as DomainId
        if (!(await addDomain(tx, { id, name, description, defaultCosId: home.defaultCosId, createdAt: now() })))
          throw fail('conflict', 'domains.nameTaken', { field: 'name' })
        audited({ target: { kind: 'domain', id, name }, domainId: id, before: null, after: { name, description } })
        return one(tx, id)
      }),

    change: (_actor: Actor, { domainId, clientId: _, ...said }: Input<Hub, 'domains.change'>): Promise<Domain> =>
      change(domainId, async (before, tx) => {
        if (said.defaultCosId && said.defaultCosId !== before.defaultCosId) {
          if (!(await findCos(tx, said.defaultCosId))) throw noSuchClass('defaultCosId')
          if (before.classes && !before.classes.some(({ cosId }) => cosId === said.defaultCosId))
            throw fail('conflict', 'accounts.classNotAllowed', { field: 'defaultCosId' })
        }
        return said as Partial<DirectoryTables['domain']>
      }),

    /** DIR-10: the accounts stay as they are. Whoever is in the domain is out at once, by one fact for all of them. */
    status: (_actor: Actor, { domainId, status }: Input<Hub, 'domains.status'>): Promise<Domain> =>
      work(async (tx, announce) => {
        if (isShut(status)) await holdOrganisation(tx)
        const before = await held(tx, domainId)
        if (before.status === status) return one(tx, domainId)
        if (isShut(status) && (await countAdministratorsOutside(tx, domainId)) === 0)
          throw fail('conflict', 'domains.shutsAdministrators', { field: 'status' })
        await changeDomain(tx, domainId, { status })
        if (isShut(status)) {
          await markShut(tx, domainId)
          await deps.endSessionsIn(tx, domainId)
          announce('revocations:all', 'directory.right.revoked', { kind: 'domain', domainId, reason: 'locked' })
        }
        announce('directory:all', 'domain.changed', { domainId, look: lookOf(before), status }, { replaces: `domain:${domainId}` })
        audited({
          target: { kind: 'domain', id: domainId, name: before.name },
          domainId,
          before: { status: before.status },
          after: { status },
        })
        return one(tx, domainId)
      }, alone),

    limits: (_actor: Actor, { domainId, limits }: Input<Hub, 'domains.limits'>): Promise<Domain> =>
      change(domainId, async (before, tx) => {
        for (const { cosId } of limits.classes ?? []) if (!(await findCos(tx, cosId))) throw noSuchClass('limits.classes')
        if (limits.classes && !limits.classes.some(({ cosId }) => cosId === before.defaultCosId))
          throw fail('conflict', 'accounts.classNotAllowed', { field: 'limits.classes' })
        const { accounts: maxAccounts, bytes: maxBytes, classes, caps } = limits
        const said = { maxAccounts, maxBytes, classes, caps: caps && changed(before.caps, caps) }
        return said as Partial<DirectoryTables['domain']>
      }),

    look: (actor: Actor, { domainId, look }: Input<Hub, 'domains.look'>): Promise<Domain> =>
      change(domainId, async (before, tx, announce) => {
        const said = Object.fromEntries(Object.entries(look).filter(([, value]) => value !== undefined)) as Partial<Look>
        if (said.accent) {
          const ratio = contrastOnPages(said.accent)
          if (ratio < leastContrast)
            throw fail('invalid', 'domains.lowContrast', {
              field: 'look.accent',
              params: { ratio: Math.floor(ratio * 10) / 10, least: leastContrast },
            })
        }
        await setPictures(tx, actor, before, said)
        const after: Look = { ...lookOf(before), ...said, name: said.name === '' ? null : (said.name ?? lookOf(before).name) }
        if (said.name === null) after.name = null
        if (JSON.stringify(after) !== JSON.stringify(lookOf(before)))
          announce('directory:all', 'domain.changed', { domainId, look: after, status: before.status }, { replaces: `domain:${domainId}` })
        return { look: after }
      }),

    delete: (_actor: Actor, { domainId }: Input<Hub, 'domains.delete'>): Promise<Record<string, never>> =>
      work(async (tx) => {
        const domain = await held(tx, domainId)
        if (domain.name === (await findOrganisation(tx))?.domain) throw fail('conflict', 'domains.isHome', { field: 'domainId' })
        if (!(await isEmptyDomain(tx, domainId))) throw fail('conflict', 'domains.notEmpty', { field: 'domainId' })
        await deps.setLookPictures(tx, _actor.accountId, domainId, [])
        await deleteDomain(tx, domainId)
        audited({ target: { kind: 'domain', id: domainId, name: domain.name }, domainId, before: { name: domain.name }, after: null })
        return {}
      }, alone),

    async hubLook(_actor: Actor | undefined, { domain }: Input<Hub, 'hub.look'>): Promise<Look> {
      const id = domain === undefined ? undefined : await nearestDomain(db, domain)
      const found = id ? (await findDomains(db, [id]))[0] : await findHome(db)
      const organisation = await findOrganisation(db)
      const look = lookOf(found ?? { look: {} })
      return { ...look, name: look.name ?? organisation?.name ?? null }
    },
  }
}

const isExcepted = (seen: { except: { domainIds: string[]; ids: string[] } }, id: string) =>
  seen.except.domainIds.includes(id) || seen.except.ids.includes(id)
