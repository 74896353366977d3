import { fail, Refusal, type Actor } from '@atrium/platform'
import { findSealingKey, seal, sealingKey, unseal } from '@atrium/platform/sealing'
import type { AccountId, Draft, Hub, Input, Internal, Meeting, MeetingId, Output, Sentence, Target, TargetId } from '@atrium/protocol'
import type { Held, Hold } from './holding.ts'
import { maxTargets } from './rules.ts'
import { noSuchMeeting, type MeetingDeps } from './service.common.ts'
import type { Coming } from './service.coming.ts'
import type { Sittings } from './sittings.ts'
import { findMeeting, foundersOf, setRecording, type MeetingRow, type TargetRow } from './store.ts'
import { addTarget, dropTarget, findAdded, findTarget, listTargets, setStream, targetsOf } from './store.targets.ts'

/** Nobody's client repeats what could not be begun: a recording must not begin minutes later. */
const forGood = (error: unknown) => {
  if (!(error instanceof Refusal) || error.failure.code !== 'unavailable') return error
  const { key, params } = error.failure
  return fail('conflict', key as Sentence, params && { params })
}
/** Forgets what somebody brought who is here no more. */
export const forgetJob = 'meetings.forget'
const noSuchTarget = () => fail('not_found', 'meetings.noSuchTarget')
/** Of a short key two letters would be too much. */
const endsOf = (key: string) => (key.length >= 8 ? key.slice(-2) : '')
const toTarget = ({ id, name, url, keyEnds }: TargetRow): Target => ({ id, name, url, keyEnds })

/** Recording and streaming: the state is the sitting's, and everybody inside sees it; the media node's egress does the work. */
export function recordingService(deps: MeetingDeps & { hold: Hold; sittings: Sittings; coming: Coming }) {
  const { db, now, newId, nodes, rooms, peopleOf, mayStreamTo, recordingFolderOf, takeRecording, hold, sittings, coming } = deps

  /** Whether it can be done at all, with the sentence that says why not. */
  async function mustBeReady(): Promise<void> {
    const said = (await nodes.readiness()).map(({ recording }) => recording)
    if (said.includes('ready')) return
    throw fail(
      'conflict',
      said.includes('preparing') ? 'meetings.recordingPreparing' : said.includes('off') ? 'meetings.recordingOff' : 'meetings.mediaAway',
    )
  }

  const minute = (at: Date) => at.toISOString().slice(0, 16).replace('T', ' ').replace(':', '.')

  async function recordingOf(row: MeetingRow): Promise<Draft<Internal, 'media.egress'>['record']> {
    if (row.recordingBeganAt === null || row.recordingBy === null || row.sittingId === null) return null
    const [room] = await rooms.listRooms(db, [row.roomId])
    // Never who was there: the file would keep their names when they are forgotten.
    const name = `${room?.name ?? ''} ${minute(row.recordingBeganAt)}`.trim()
    const folderId = await recordingFolderOf(row.roomId)
    return { sittingId: row.sittingId, folderId, accountId: row.recordingBy, name }
  }

  /** Tells the node what is wanted now, all of it: said again, it changes nothing. */
  async function direct(meetingId: MeetingId): Promise<void> {
    const row = await findMeeting(db, meetingId)
    const node = await nodes.placeOf(meetingId)
    if (!row || !node) throw fail('unavailable', 'meetings.mediaAway')
    const inside = await coming.inside(db, meetingId)
    const people = new Map(
      (
        await peopleOf(
          db,
          inside.map(({ accountId }) => accountId),
        )
      ).map(({ id, name }) => [id, name]),
    )
    const names = Object.fromEntries(inside.map(({ id, accountId }) => [id, people.get(accountId) ?? '']))
    const key = await findSealingKey(db)
    const streams = (await listTargets(db, meetingId)).flatMap(({ id, url, state, sealedKey }) =>
      state !== null && key ? [{ targetId: id, url, key: unseal(key, sealedKey, id) }] : [],
    )
    await nodes.ask(node, 'media.egress', { meetingId, record: await recordingOf(row), streams, names })
  }

  /** Everybody sees it first, then it is done; what cannot be done is taken back. */
  async function switched(
    actor: Actor,
    meetingId: MeetingId,
    isOn: boolean,
    set: (held: Held, isOn: boolean) => Promise<boolean>,
  ): Promise<Meeting> {
    if (isOn) {
      await coming.hosted(db, meetingId, actor)
      await mustBeReady()
    }
    let isNews = false
    const turn = (on: boolean) =>
      hold(meetingId, async (held) => {
        await coming.hosted(held.tx, meetingId, actor)
        if (on && held.row.sittingId === null) throw fail('conflict', 'meetings.notRunning')
        isNews = await set(held, on)
        if (isNews) held.changed()
        return sittings.shown(held)
      })
    const meeting = await turn(isOn)
    if (!isNews) return meeting
    try {
      await direct(meetingId)
    } catch (error) {
      if (!isOn) return meeting
      await turn(false)
      throw forGood(error)
    }
    return meeting
  }

  async function drop(meetingId: MeetingId, targetId: string, allowed?: (held: Held) => Promise<void>): Promise<void> {
    const wasLive = await hold(meetingId, async (held) => {
      await allowed?.(held)
      const target = await findTarget(held.tx, meetingId, targetId)
      if (!target) throw noSuchTarget()
      await dropTarget(held.tx, target.id)
      if (target.state !== null) held.changed()
      return target.state !== null
    })
    if (wasLive) await direct(meetingId).catch(() => {})
  }

  return {
    /** For who has just come in, and a node that has just begun: whatever is being recorded goes on there, under all the names. */
    async goOn(meetingId: MeetingId): Promise<void> {
      const row = await findMeeting(db, meetingId)
      if (row && (row.recordingBeganAt !== null || row.streams.length > 0)) await direct(meetingId)
    },

    record: (actor: Actor, { meetingId, isOn }: Input<Hub, 'meetings.record'>): Promise<Meeting> =>
      switched(actor, meetingId, isOn, async ({ tx, row }, on) => {
        if ((row.recordingBeganAt !== null) === on || row.sittingId === null) return false
        await setRecording(tx, row.sittingId, on ? { at: now(), by: actor.accountId } : null)
        return true
      }),

    async stream(actor: Actor, { meetingId, targetId, isOn }: Input<Hub, 'meetings.stream'>): Promise<Meeting> {
      await coming.hosted(db, meetingId, actor)
      const target = await findTarget(db, meetingId, targetId)
      if (!target) throw noSuchTarget()
      // Names lead elsewhere from one day to the next.
      if (isOn) await mayStreamTo(target.url)
      return switched(actor, meetingId, isOn, async ({ tx }, on) => {
        const held = await findTarget(tx, meetingId, targetId)
        if (!held) throw noSuchTarget()
        if ((held.state !== null) === on) return false
        await setStream(tx, held.id, on ? 'connecting' : null)
        return true
      })
    },

    async targets(actor: Actor, { meetingId }: Input<Hub, 'meetings.targets'>): Promise<Target[]> {
      await coming.hosted(db, meetingId, actor)
      return (await listTargets(db, meetingId)).map(toTarget)
    },

    async addTarget(actor: Actor, { clientId, meetingId, name, url, key }: Input<Hub, 'meetings.target.add'>): Promise<Target> {
      await coming.hosted(db, meetingId, actor)
      await mayStreamTo(url)
      return hold(meetingId, async ({ tx }) => {
        await coming.hosted(tx, meetingId, actor)
        const earlier = await findAdded(tx, actor.accountId, clientId)
        if (earlier) {
          if (earlier.meetingId !== meetingId || earlier.name !== name || earlier.url !== url)
            throw fail('conflict', 'clientIdReused', { field: 'clientId' })
          return toTarget(earlier)
        }
        if ((await listTargets(tx, meetingId)).length >= maxTargets)
          throw fail('conflict', 'meetings.tooManyTargets', { params: { max: maxTargets } })
        const id = newId() as TargetId
        const sealedKey = seal(await sealingKey(tx), key, id)
        const target = { id, meetingId, name, url, sealedKey, keyEnds: endsOf(key), state: null }
        const added = { ...target, addedBy: actor.accountId, clientId, addedAt: now() }
        await addTarget(tx, added)
        return toTarget(added)
      })
    },

    async removeTarget(
      actor: Actor,
      { meetingId, targetId }: Input<Hub, 'meetings.target.remove'>,
    ): Promise<Output<Hub, 'meetings.target.remove'>> {
      await drop(meetingId, targetId, async (held) => void (await coming.hosted(held.tx, meetingId, actor)))
      return { targetId }
    },

    /** MEET-15  Whoever closes their account takes along the places to stream to that they added: the keys were theirs. */
    async forgetTargets({ accountId }: { accountId: AccountId }): Promise<void> {
      for (const { meetingId, id } of await targetsOf(db, accountId)) await drop(meetingId, id)
    },

    /** What the node says of a stream. One that was switched off stays off. */
    async streamState({ meetingId, targetId, state }: Input<Internal, 'meetings.stream.state'>): Promise<Record<string, never>> {
      await hold(meetingId, async (held) => {
        const target = await findTarget(held.tx, meetingId, targetId)
        const next = state === 'ended' ? null : state
        if (!target || target.state === null || target.state === next) return
        await setStream(held.tx, target.id, next)
        held.changed()
      })
      return {}
    },

    async recorded(done: Input<Internal, 'meetings.recorded'>): Promise<Output<Internal, 'meetings.recorded'>> {
      const row = await findMeeting(db, done.meetingId)
      if (!row) throw noSuchMeeting()
      return { fileId: await takeRecording({ ...done, roomId: row.roomId, founders: await foundersOf(db, row.id) }) }
    },
  }
}
export type Recording = ReturnType<typeof recordingService>
