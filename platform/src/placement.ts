import { createHash, randomUUID } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import { inTime } from './bus/index.ts'
import type { Log } from './log.ts'

/** A process among those of the hub. `boot` is new at every start: what was meant for an earlier run is not for this one. */
export interface Node {
  name: string
  boot: string
  /** `<name>~<boot>`: what tickets and leases name. */
  id: string
}

export function nodeOf(name: string): Node {
  const boot = randomUUID().slice(0, 8)
  return { name, boot, id: `${name}~${boot}` }
}

/** `<name>~<boot>` answers on the bus, and in paths, at its name. */
export const nodeName = (id: string): string => id.split('~', 1)[0]!

export interface Lease {
  key: string
  node: string
  until: Date
}

export interface PlacementTables {
  placement: { key: string; node: string; until: Date }
}

/** Which node something lives on. A lease that is not renewed ends, and the next who asks may choose another node. */
export interface Placement {
  /** The standing lease of `key`, whoever has it; where there is none, a new one for `node`. */
  take(key: string, node: string, forMs: number): Promise<Lease>
  /** A lease for `node`, whoever had it before: a new run takes over what its name stood for. */
  claim(key: string, node: string, forMs: number): Promise<Lease>
  /** False when the lease has ended meanwhile: somebody else may have it. */
  renew(key: string, node: string, forMs: number): Promise<boolean>
  release(key: string, node: string): Promise<void>
  find(key: string): Promise<Lease | undefined>
  /** All standing leases whose key begins so, such as `sfu:`. */
  list(prefix: string): Promise<Lease[]>
}

/** Leases in the database, by the database's clock: those of the nodes may differ, and a lease has to end for all at once. */
export function leases(db: Kysely<any>): Placement {
  const table: Kysely<PlacementTables> = db
  const after = (ms: number) => sql<Date>`clock_timestamp() + ${ms} * interval '1 millisecond'`
  const columns = ['key', 'node', 'until'] as const
  const standing = () =>
    table
      .selectFrom('placement')
      .select(columns)
      .where('until', '>', sql<Date>`clock_timestamp()`)
  const find = (key: string) => standing().where('key', '=', key).executeTakeFirst()
  const write = (key: string, node: string, forMs: number) => table.insertInto('placement').values({ key, node, until: after(forMs) })

  return {
    find,
    async take(key, node, forMs) {
      for (;;) {
        const taken = await write(key, node, forMs)
          .onConflict((clash) =>
            clash
              .column('key')
              .doUpdateSet({ node, until: after(forMs) })
              .where('placement.until', '<=', sql<Date>`clock_timestamp()`),
          )
          .returning(columns)
          .executeTakeFirst()
        const lease = taken ?? (await find(key))
        // Neither: the lease that stood in the way ended between the two statements.
        if (lease) return lease
      }
    },
    claim: (key, node, forMs) =>
      write(key, node, forMs)
        .onConflict((clash) => clash.column('key').doUpdateSet({ node, until: after(forMs) }))
        .returning(columns)
        .executeTakeFirstOrThrow(),
    async renew(key, node, forMs) {
      const { numUpdatedRows } = await table
        .updateTable('placement')
        .set({ until: after(forMs) })
        .where('key', '=', key)
        .where('node', '=', node)
        .where('until', '>', sql<Date>`clock_timestamp()`)
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },
    async release(key, node) {
      await table.deleteFrom('placement').where('key', '=', key).where('node', '=', node).execute()
    },
    list: (prefix) =>
      standing()
        .where(sql<boolean>`starts_with(key, ${prefix})`)
        .orderBy('key')
        .execute(),
  }
}

/**
 * The node of these that a thing belongs to: whose name, hashed with the thing, weighs most. Everybody who sees the same
 * nodes says the same, without asking anybody, and a node that comes or goes moves only what it takes or leaves.
 */
export function homeOf(thing: string, nodes: readonly Lease[]): Lease | undefined {
  const weight = ({ key }: Lease) => createHash('sha1').update(`${key} ${thing}`).digest().readUIntBE(0, 6)
  return nodes.reduce<Lease | undefined>((home, node) => (home && weight(home) >= weight(node) ? home : node), undefined)
}

/** Long enough for two failed renewals, short enough that a dead node's work is elsewhere within seconds. */
const registrationMs = 5_000
const releaseWithinMs = 1_000

/** Says that a service runs on this node, until `end`. A database that is away for a while costs the entry, not the service. */
export async function register(placement: Placement, service: string, node: Node, log: Log, forMs = registrationMs) {
  const key = `${service}:${node.name}`
  await placement.claim(key, node.id, forMs)
  const renewing = setInterval(async () => {
    try {
      if (await placement.renew(key, node.id, forMs)) return
      const other = await placement.find(key)
      if (other) log.error({ operation: 'placement.register' }, `Another process calls itself ${node.name}: give each its own ATRIUM_NODE.`)
      else await placement.take(key, node.id, forMs)
    } catch (error) {
      log.warn({ operation: 'placement.register', error })
    }
  }, forMs / 3)
  return {
    async end() {
      clearInterval(renewing)
      // A database that does not answer forgets us by itself, and must not hold up the end of a process.
      await inTime(placement.release(key, node.id), releaseWithinMs).catch((error: unknown) =>
        log.warn({ operation: 'placement.release', error }),
      )
    },
  }
}
