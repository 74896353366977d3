import { askInternal, fail, nodeName, Refusal, type Bus, type Placement } from '@atrium/platform'
import type { Draft, Hub, Internal, MeetingId, OperationName, Output } from '@atrium/protocol'

type Readiness = Output<Hub, 'meetings.readiness'>

/** As long as nobody says otherwise; renewed while somebody is inside. */
const placedForMs = 3_600_000
/** What is told a node at once; what a dead one misses it learns from nobody, for it is gone. */
const tellWithinMs = 1_000
/** A node that lives says so at once. */
const answerWithinMs = 500

const addressOf = (node: string) => `sfu:${nodeName(node)}`
const keyOf = (meetingId: string) => `meeting:${meetingId}`
const isAway = (error: unknown) => error instanceof Refusal && (error.failure.code === 'unavailable' || error.failure.code === 'not_found')

/** Where meetings are held: each on one media node, for as long as that node lives. */
export function mediaNodes({ bus, placement }: { bus: Pick<Bus, 'call'>; placement: Placement }) {
  const ask = <K extends OperationName<Internal>>(node: string, operation: K, input: Draft<Internal, K>, timeoutMs?: number) =>
    askInternal(bus, addressOf(node), operation, input, timeoutMs)
  const nodes = async () => (await placement.list('sfu:')).map(({ node }) => node)
  const orNothing = <T>(asked: Promise<T>): Promise<T | undefined> =>
    asked.catch((error: unknown) => {
      if (isAway(error)) return undefined
      throw error
    })

  /** Those that had a lease when it was last asked who is gone. */
  let standing: readonly string[] = []
  /** Its lease may have ended because the database was away: then it is there, and takes another. */
  async function isGone(node: string): Promise<boolean> {
    const said = await orNothing(ask(node, 'node.describe', {}, answerWithinMs))
    return said?.node !== node
  }

  /** The node that a meeting is on, if that node lives. */
  async function placeOf(meetingId: string): Promise<string | undefined> {
    const [lease, alive] = await Promise.all([placement.find(keyOf(meetingId)), nodes()])
    return lease && alive.includes(lease.node) ? lease.node : undefined
  }

  async function readiness(): Promise<(Readiness & { node: string })[]> {
    const said = (await nodes()).map(async (node) => {
      const ready = await orNothing(ask(node, 'media.readiness', {}))
      return ready ? [{ node, ...ready }] : []
    })
    return (await Promise.all(said)).flat()
  }

  return {
    ask,
    placeOf,
    readiness,

    /** The meeting's node; where it has none, or a dead one, the one with the least to do. */
    async place(meetingId: string): Promise<string> {
      const standing = await placeOf(meetingId)
      if (standing) return standing
      const all = await readiness()
      const ready = all.filter(({ media }) => media.state === 'ready')
      if (ready.length === 0) throw notReady(all)
      const loads = ready.map(async ({ node }) => ({ node, load: (await orNothing(ask(node, 'node.describe', {})))?.load ?? Infinity }))
      const [best] = (await Promise.all(loads)).toSorted((one, other) => one.load - other.load)

      const before = await placement.find(keyOf(meetingId))
      // Nobody renews what stands for a dead node.
      if (before && !all.some(({ node }) => node === before.node)) await placement.release(before.key, before.node)
      return (await placement.take(keyOf(meetingId), best!.node, placedForMs)).node
    },
    /** Meetings whose node died since this was asked before. */
    async stranded(): Promise<MeetingId[]> {
      const now = await nodes()
      const missing = standing.filter((node) => !now.includes(node))
      const dead = new Set<string>()
      for (const node of missing) if (await isGone(node)) dead.add(node)
      standing = [...now, ...missing.filter((node) => !dead.has(node))]
      const leases = dead.size > 0 ? await placement.list(keyOf('')) : []
      return leases.filter(({ node }) => dead.has(node)).map(({ key }) => key.slice(keyOf('').length) as MeetingId)
    },
    async keep(meetingId: string): Promise<void> {
      const node = await placeOf(meetingId)
      if (node) await placement.renew(keyOf(meetingId), node, placedForMs)
    },

    /** Tells the meeting's node something. If it does not answer, a round compares later. */
    async tell<K extends OperationName<Internal>>(meetingId: string, operation: K, input: Draft<Internal, K>): Promise<void> {
      const node = await placeOf(meetingId)
      if (node) await orNothing(ask(node, operation, input, tellWithinMs))
    },
    async release(meetingId: string): Promise<void> {
      const node = await placeOf(meetingId)
      if (!node) return
      await orNothing(ask(node, 'media.end', { meetingId } as Draft<Internal, 'media.end'>, tellWithinMs))
      await placement.release(keyOf(meetingId), node)
    },
  }
}
export type MediaNodes = ReturnType<typeof mediaNodes>

/** The sentence that says what meetings wait for. Clients ask again by themselves. */
function notReady(nodes: readonly Readiness[]): Refusal {
  const preparing = nodes.find(({ media }) => media.state === 'preparing')?.media
  if (preparing?.state === 'preparing') {
    const { elapsedMs, expectedMs } = preparing
    return fail('unavailable', 'meetings.preparing', { params: { elapsedMs, expectedMs }, retryAfterMs: 5_000 })
  }
  if (nodes.some(({ media }) => media.state === 'missing')) return fail('unavailable', 'meetings.mediaMissing', { retryAfterMs: 30_000 })
  return fail('unavailable', 'meetings.mediaAway', { retryAfterMs: 2_000 })
}
