import type { AccountId, Meeting } from '@atrium/protocol'
import type { Held } from './holding.ts'
import { isInside, ringsForMs } from './rules.ts'
import { accountTopic, toMeeting, type MeetingDeps } from './service.common.ts'
import { addSitting, changeMeeting, closeSitting, findMeeting } from './store.ts'
import { listPresent } from './store.participants.ts'
import { addRing, endRing, ringsIn, type HowRingEnds, type RingRow } from './store.rings.ts'
import { endStreams } from './store.targets.ts'

/** The job that looks whether a call was answered. */
export const missJob = 'meetings.ring.miss'

/** What begins and ends: sittings, and calls to them. Within units that hold the meeting. */
export function sittingsOf(deps: Pick<MeetingDeps, 'now' | 'newId' | 'jobs' | 'nodes' | 'peopleOf' | 'rooms'>) {
  const { now, newId, jobs, nodes, peopleOf, rooms } = deps

  async function tellRingEnded(held: Held, ring: RingRow, how: HowRingEnds): Promise<void> {
    for (const accountId of [ring.accountId, ring.callerId])
      held.announce(
        accountTopic(accountId),
        'meetings.ring.ended',
        { id: ring.id, meetingId: ring.meetingId, how },
        { replaces: `ring:${ring.id}:${accountId}` },
      )
  }

  /** True when this ended it: it may have been answered a moment ago. */
  async function silence(held: Held, ring: RingRow, how: HowRingEnds, answeredWith: string | null = null): Promise<boolean> {
    const ended = await endRing(held.tx, ring.id, how, answeredWith)
    if (ended) await tellRingEnded(held, ended, how)
    return ended !== undefined
  }

  return {
    silence,

    /** True when none went on, so that this is one's own. */
    async begin(held: Held, by: AccountId): Promise<boolean> {
      if (held.row.sittingId !== null) return false
      const id = newId()
      await addSitting(held.tx, { id, meetingId: held.row.id, at: now(), by })
      held.row = { ...held.row, sittingId: id, beganAt: now(), begunBy: by }
      held.changed()
      return true
    },

    /** Everybody is out, whatever they were; the lock, the recording and the streams go with it. */
    async end(held: Held, by: AccountId): Promise<void> {
      const { tx, row } = held
      if (row.sittingId === null) return
      for (const part of await listPresent(tx, row.id)) await held.change(part, { state: 'left' }, by)
      for (const ring of await ringsIn(tx, row.id)) await silence(held, ring, 'cancelled')
      await closeSitting(tx, row.sittingId, now())
      await changeMeeting(tx, row.id, { isLocked: false })
      await endStreams(tx, row.id)
      held.row = { ...row, sittingId: null, beganAt: null, begunBy: null, isLocked: false, recordingBeganAt: null, recordingBy: null }
      held.changed()
      held.afterwards(() => nodes.release(row.id))
    },

    /** Rings for somebody on all their devices, unless it does already. */
    async ring(held: Held, callerId: AccountId, accountId: AccountId): Promise<void> {
      const { tx, row, announce } = held
      const until = new Date(now().getTime() + ringsForMs)
      const ring = { id: newId(), meetingId: row.id, roomId: row.roomId, callerId, accountId, until, how: null, answeredWith: null }
      if (!(await addRing(tx, ring))) return
      const [by] = await peopleOf(tx, [callerId])
      const { id, meetingId, roomId } = ring
      const shown = { id, meetingId, roomId, by: by!, until: until.toISOString() }
      // The caller's page shows that it rings.
      for (const one of [accountId, callerId]) announce(accountTopic(one), 'meetings.ring.began', shown, { about: `ring:${id}:${one}` })
      await jobs.enqueue(tx, missJob, { meetingId, ringId: id }, { runAt: until })
    },

    /** Who comes in has answered what rang for them. True when something did. */
    async answered(held: Held, accountId: AccountId): Promise<boolean> {
      const rings = await ringsIn(held.tx, held.row.id, accountId)
      for (const ring of rings) await silence(held, ring, 'accepted')
      return rings.length > 0
    },

    /** Who called and goes, before anybody came, calls no longer. */
    async hungUp(held: Held, callerId: AccountId): Promise<void> {
      const rings = await ringsIn(held.tx, held.row.id)
      if (rings.length === 0 || (await listPresent(held.tx, held.row.id)).some(({ state }) => isInside(state))) return
      for (const ring of rings) if (ring.callerId === callerId) await silence(held, ring, 'cancelled')
    },

    async shown(held: Held): Promise<Meeting> {
      const [room] = await rooms.listRooms(held.tx, [held.row.roomId])
      return toMeeting((await findMeeting(held.tx, held.row.id))!, room?.name ?? '')
    },
  }
}
export type Sittings = ReturnType<typeof sittingsOf>
