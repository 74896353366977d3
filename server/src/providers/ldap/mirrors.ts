import { AsyncLocalStorage } from 'node:async_hooks'
import { every, type House } from '@atrium/platform'
import type { ProviderId } from '@atrium/protocol'
import type { DomainWays } from '../../directory/index.ts'
import { isAny, type Vanished } from '../rules.ts'
import { secretOf } from '../secrets.ts'
import { findMirror, findProvider, listMirroring, noteMirror, type Db, type MirrorRow, type ProviderRow, type Tx } from '../store.ts'
import { connected, type Ldap, type LdapSettings } from './connection.ts'
import type { Following } from './following.ts'
import { source } from './source.ts'
import { Trouble } from './trouble.ts'

interface Deps extends Pick<House, 'placement' | 'node' | 'outgoing' | 'log' | 'now'> {
  db: Db
  work: <T>(unit: (tx: Tx) => Promise<T>) => Promise<T>
  following: () => Following
  domainOf: (row: ProviderRow) => Promise<DomainWays | undefined>
}
/** What one process follows. */
interface Shift {
  following: Following
  timer: NodeJS.Timeout | undefined
  ldap: { connection: Ldap; settings: string } | undefined
  /** One look at a time. */
  underWay: Promise<void>
  renewedAt: number
}

/** How long a mirror stays with a process that says nothing more. */
const leaseMs = 60_000
const lookAroundEveryMs = 5_000
/** Of one answer to the mirror: a page of a large directory, over a bad line. */
const answersWithinMs = 30_000
/** Nothing changed: that it was looked is noted so often. */
const noteEveryMs = 60_000

/** Follows the LDAP servers of this hub's domains: each in one process. */
export function mirrors({ db, work, placement, node, outgoing, log, now, following, domainOf }: Deps) {
  const shifts = new Map<ProviderId, Shift>()
  // Whoever sets a provider does so in a request of their own; what follows is no part of it.
  const here = AsyncLocalStorage.snapshot()
  let isOver = false
  const keyOf = (id: ProviderId) => `mirror:${id}`

  async function lookAround(): Promise<void> {
    const rows = await listMirroring(db)
    const wanted = new Set(rows.map(({ id }) => id))
    for (const id of shifts.keys()) if (!wanted.has(id)) await end(id)
    for (const { id } of rows) if (!isOver && !shifts.has(id) && (await isOurs(id))) begin(id)
  }
  const isOurs = async (id: ProviderId) => (await placement.take(keyOf(id), node.id, leaseMs)).node === node.id

  function begin(id: ProviderId): Shift {
    const shift: Shift = {
      following: following(),
      timer: undefined,
      ldap: undefined,
      underWay: Promise.resolve(),
      renewedAt: now().getTime(),
    }
    shifts.set(id, shift)
    void here(() => turn(id, shift))
    return shift
  }
  async function turn(id: ProviderId, shift: Shift): Promise<void> {
    let pauseMs = lookAroundEveryMs
    try {
      pauseMs = (await look(id, shift)) * 1_000
    } catch (error) {
      log.warn({ operation: 'providers.mirror', error }, 'a mirror could not be looked after')
    }
    if (shifts.get(id) === shift && !isOver) shift.timer = setTimeout(() => void turn(id, shift), pauseMs)
  }

  async function end(id: ProviderId): Promise<void> {
    const shift = shifts.get(id)
    shifts.delete(id)
    clearTimeout(shift?.timer)
    // What is asked for now is not waited for.
    shift?.ldap?.connection.close()
    await shift?.underWay
    shift?.ldap?.connection.close()
    if (shift) await placement.release(keyOf(id), node.id)
  }

  /** In turn with the others of this mirror. Resolves to the pause until the next. */
  async function look(id: ProviderId, shift: Shift, how: { lists?: boolean } = {}): Promise<number> {
    const before = shift.underWay
    const { promise, resolve } = Promise.withResolvers<void>()
    shift.underWay = promise
    await before
    try {
      const row = await findProvider(db, id)
      const home = row && (await domainOf(row))
      if (!row || !home || row.settings.kind !== 'ldap') return lookAroundEveryMs / 1_000
      if (now().getTime() - shift.renewedAt > leaseMs / 3) {
        if (!(await isOurs(id))) return lookAroundEveryMs / 1_000
        shift.renewedAt = now().getTime()
      }
      await visit(shift, row, row.settings, home, how)
      return row.settings.pollSeconds
    } finally {
      resolve()
    }
  }

  async function visit(shift: Shift, row: ProviderRow, settings: LdapSettings, { id, name }: DomainWays, how: { lists?: boolean }) {
    const known = await findMirror(db, row.id)
    const note = (change: Partial<Omit<MirrorRow, 'providerId'>>) => work((tx) => noteMirror(tx, row.id, { ...change, at: now() }))
    // A large first reading takes a while, and its lease with it.
    const renewing = every(
      leaseMs / 3,
      () => placement.renew(keyOf(row.id), node.id, leaseMs),
      () => {},
    )
    try {
      if (!known?.listedAt) await note({ state: 'running' })
      const accepted = await takeAnswer(row.id, known)
      const ldap = await connection(shift, row, settings)
      const standing = {
        seen: known?.seen ?? null,
        listedAt: known?.listedAt ?? null,
        settled: known?.settled ?? null,
        vanished: { accounts: known?.vanished ?? 0, lists: known?.vanishedLists ?? 0 },
      }
      const whose = { providerId: row.id, domain: { id, name }, mayGoInside: row.mayGoInside }
      const looked = await shift.following.look(source(ldap, settings), ldap.words, whose, standing, { ...how, ...accepted })
      const { vanished, ...far } = looked ?? standing
      const state = isAny(vanished) ? 'asks' : 'idle'
      if (looked) await note({ state, ...far, vanished: vanished.accounts, vanishedLists: vanished.lists })
      else if (known?.state !== state || now().getTime() - (known.at?.getTime() ?? 0) > noteEveryMs)
        await note({ state, ...(known?.state !== state && { problem: null }) })
    } catch (error) {
      // What is no trouble of LDAP is a bug, or our own database: the turn says so.
      if (!(error instanceof Trouble)) throw error
      shift.ldap?.connection.close()
      shift.ldap = undefined
      const isOurEnd = shifts.get(row.id) !== shift
      if (!isOurEnd && (known?.state !== 'unreachable' || known.problem !== error.what))
        await note({ state: 'unreachable', problem: error.what })
    } finally {
      renewing()
    }
  }

  /** What an administrator answered, whichever process they asked: it holds for one look. */
  async function takeAnswer(id: ProviderId, known: MirrorRow | undefined): Promise<{ lists?: boolean; accepted?: Vanished }> {
    const { acceptedAccounts: accounts, acceptedLists: lists } = known ?? {}
    if (accounts == null || lists == null) return {}
    await work((tx) => noteMirror(tx, id, { acceptedAccounts: null, acceptedLists: null }))
    return { lists: true, accepted: { accounts, lists } }
  }

  /** The one that is open still, unless other settings hold by now. */
  async function connection(shift: Shift, row: ProviderRow, settings: LdapSettings): Promise<Ldap> {
    const asSet = JSON.stringify([settings, row.sealedSecret, row.mayGoInside])
    if (shift.ldap?.settings === asSet && shift.ldap.connection.client.isConnected) return shift.ldap.connection
    shift.ldap?.connection.close()
    shift.ldap = undefined
    const reach = { outgoing, mayGoInside: row.mayGoInside, timeoutMs: answersWithinMs }
    shift.ldap = { connection: await connected(settings, await secretOf(db, row), reach), settings: asSet }
    return shift.ldap.connection
  }

  const stop = every(lookAroundEveryMs, lookAround, (error) =>
    log.warn({ operation: 'providers.mirror', error }, 'mirrors could not be looked for'),
  )
  void lookAround().catch((error: unknown) => log.warn({ operation: 'providers.mirror', error }, 'mirrors could not be looked for'))

  return {
    /** Something was set: whoever follows it begins anew. */
    async changed(id: ProviderId): Promise<void> {
      await here(async () => {
        await end(id)
        if (!isOver) await lookAround()
      })
    },
    /** Looks at once, by ids too. False: another process follows it, and does so with its next look. */
    async now(id: ProviderId): Promise<boolean> {
      const shift = shifts.get(id) ?? ((await isOurs(id)) ? begin(id) : undefined)
      if (!shift) {
        await work((tx) => noteMirror(tx, id, { listedAt: null }))
        return false
      }
      await look(id, shift, { lists: true })
      return true
    },
    async stop(): Promise<void> {
      isOver = true
      stop()
      for (const id of shifts.keys()) await end(id).catch(() => {})
    },
  }
}
export type Mirrors = ReturnType<typeof mirrors>
