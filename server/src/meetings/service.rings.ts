import { fail, type Actor } from '@atrium/platform'
import type { Hub, Input, MeetingId, Output, Ring } from '@atrium/protocol'
import type { Hold } from './holding.ts'
import type { MeetingDeps } from './service.common.ts'
import type { Sittings } from './sittings.ts'
import { findRing, ringsFor } from './store.rings.ts'

/** Calls in direct rooms. */
export function ringsService({ db, now, peopleOf, hold, sittings }: MeetingDeps & { hold: Hold; sittings: Sittings }) {
  return {
    async rings(actor: Actor): Promise<Ring[]> {
      const ringing = await ringsFor(db, actor.accountId, now())
      const callers = new Map((await peopleOf(db, [...new Set(ringing.map(({ callerId }) => callerId))])).map((one) => [one.id, one]))
      return ringing.flatMap(({ id, meetingId, roomId, callerId, until }) => {
        const by = callers.get(callerId)
        return by ? [{ id, meetingId, roomId, by, until: until.toISOString() }] : []
      })
    },

    async answer(
      actor: Actor,
      { clientId, ringId, answer }: Input<Hub, 'meetings.ring.answer'>,
    ): Promise<Output<Hub, 'meetings.ring.answer'>> {
      const ring = await findRing(db, ringId)
      if (ring?.accountId !== actor.accountId) throw fail('not_found', 'meetings.noSuchRing')
      const { meetingId } = ring
      return hold(meetingId, async (held) => {
        const how = answer === 'accept' ? 'accepted' : 'declined'
        // Too late is no answer, even where the job that says so was late itself.
        const isMine =
          (ring.until > now() && (await sittings.silence(held, ring, how, clientId))) ||
          (await findRing(held.tx, ringId))!.answeredWith === clientId
        return { meetingId, isMine }
      })
    },

    /** For the job that was put off until the call is over: nobody answered, or somebody did long ago. */
    async miss({ meetingId, ringId }: { meetingId: MeetingId; ringId: string }): Promise<void> {
      await hold(meetingId, async (held) => {
        const ring = await findRing(held.tx, ringId)
        if (ring) await sittings.silence(held, ring, 'missed')
      })
    },
  }
}
