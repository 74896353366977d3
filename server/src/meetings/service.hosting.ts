import { fail, type Actor } from '@atrium/platform'
import type { Hub, Input, Output, Participant } from '@atrium/protocol'
import type { Hold } from './holding.ts'
import { isInside, isPresent } from './rules.ts'
import { meetingTopic, noSuchParticipant, type MeetingDeps } from './service.common.ts'
import { those, type Coming } from './service.coming.ts'

/** What hosts do with those who are there. */
export function hostingService({ db, bus, nodes, hold, coming }: MeetingDeps & { hold: Hold; coming: Coming }) {
  return {
    remove: (actor: Actor, { meetingId, participantId }: Input<Hub, 'meetings.remove'>): Promise<Participant> =>
      hold(meetingId, async (held) => {
        await coming.hosted(held.tx, meetingId, actor)
        const [part] = await those(held, [participantId])
        if (part!.accountId === actor.accountId) throw fail('conflict', 'meetings.notYourself')
        if (!isPresent(part!.state)) return held.show(part!)
        return held.change(part!, { state: 'removed', sittingId: held.row.sittingId, wasLetIn: false }, actor.accountId)
      }),

    host: (actor: Actor, { meetingId, participantId, isHost }: Input<Hub, 'meetings.host'>): Promise<Participant> =>
      hold(meetingId, async (held) => {
        await coming.hosted(held.tx, meetingId, actor)
        const [part] = await those(held, [participantId])
        if (!isInside(part!.state)) throw noSuchParticipant()
        if (isHost && part!.kind === 'guest') throw fail('forbidden', 'meetings.onlyPeopleHost')
        return part!.isHost === isHost ? held.show(part!) : held.change(part!, { isHost }, actor.accountId)
      }),

    async mute(actor: Actor, { meetingId, participantIds }: Input<Hub, 'meetings.mute'>): Promise<Output<Hub, 'meetings.mute'>> {
      await coming.hosted(db, meetingId, actor)
      const inside = new Set((await coming.inside(db, meetingId)).map(({ id }) => id))
      if (!participantIds.every((id) => inside.has(id))) throw noSuchParticipant()
      await nodes.tell(meetingId, 'media.mute', { meetingId, participantIds })
      bus.publish({
        topic: meetingTopic(meetingId),
        name: 'meetings.muting',
        payload: { participantIds, by: actor.accountId },
        seq: null,
      })
      return {}
    },
  }
}
