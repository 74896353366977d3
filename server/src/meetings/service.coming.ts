import { fail, lostUpTo, type Actor } from '@atrium/platform'
import type { AccountId, Hub, Input, MeetingId, MeetingView, Output, Participant, ParticipantId } from '@atrium/protocol'
import { shownTo } from '../directory/index.ts'
import type { Hold, Held } from './holding.ts'
import {
  entryOf,
  hostsOnEntering,
  isClosed,
  isDeniedForGood,
  isHost,
  isInside,
  isMember,
  isPresent,
  maxDenialsOfNetwork,
  mayKnock,
  mayKnow,
  mustAgree,
} from './rules.ts'
import {
  hostsTopic,
  meetingTopic,
  noSuchMeeting,
  noSuchParticipant,
  notInside,
  onlyHosts,
  seenBy,
  toMeeting,
  toParticipant,
  type MeetingDeps,
  type Seen,
} from './service.common.ts'
import type { Sittings } from './sittings.ts'
import { findMeeting, type Db, type ParticipantRow } from './store.ts'
import { changeParticipant, findParticipant, listDeniedGuests, listPresent, participantsAmong } from './store.participants.ts'

/** Knocking, being let in, entering and leaving. */
export function comingService(deps: MeetingDeps & { hold: Hold; sittings: Sittings }) {
  const { db, work, snapshot, epoch, now, newId, nodes, peopleOf, networksOf, rooms, sign, hold, sittings } = deps

  /** A meeting as an asker sees it who may know of it. */
  async function known(at: Db, meetingId: string, actor: Actor, slug?: string): Promise<Seen> {
    const row = await findMeeting(at, meetingId)
    const seen = row && (await seenBy(deps, at, row, actor))
    if (!seen || !mayKnow(seen.occasion, seen.me, slug)) throw noSuchMeeting()
    return seen
  }

  /** As one of its hosts. */
  async function hosted(at: Db, meetingId: string, actor: Actor): Promise<Seen> {
    const seen = await known(at, meetingId, actor)
    if (!isHost(seen.occasion, seen.me)) throw onlyHosts()
    return seen
  }

  /** The actor's own part, found by its id. */
  async function own(at: Db, actor: Actor, participantId: ParticipantId): Promise<ParticipantRow> {
    const part = await findParticipant(at, participantId)
    if (part?.accountId !== actor.accountId) throw noSuchParticipant()
    return part
  }

  const refuseRecorded = (row: Seen['row'], agrees: boolean, state: Participant['state'] | undefined) => {
    if (mustAgree(row.recordingBeganAt !== null, agrees, state)) throw fail('forbidden', 'meetings.isRecorded')
  }

  async function viewFor(actor: Actor, meetingId: string): Promise<MeetingView> {
    return snapshot(async (then, standing) => {
      const seen = await known(then, meetingId, actor)
      if (!seen.mine || !isInside(seen.mine.state)) throw notInside()
      const { row, title, occasion, mine, me } = seen
      const present = await listPresent(then, row.id)
      const people = await peopleOf(then, [...new Set([mine, ...present].map(({ accountId }) => accountId))])
      const names = new Map(people.map(({ id, name }) => [id, name]))
      const show = (part: ParticipantRow) => toParticipant(part, names.get(part.accountId) ?? '')
      const isHosting = mine.isHost
      const inside = present.filter(({ state }) => isInside(state))
      const waiting = isHosting ? present.filter(({ state }) => state === 'waiting') : []
      const shown = new Set([...inside, ...waiting].map(({ accountId }) => accountId))
      return {
        meeting: toMeeting(row, title),
        me: show(mine),
        participants: inside.map(show),
        waiting: waiting.map(show),
        people: shownTo(
          actor,
          people.filter(({ id }) => shown.has(id)),
        ),
        hasChat: isMember(me) || occasion.kind !== 'direct',
        isMember: isMember(me),
        epoch,
        at: [await standing(meetingTopic(row.id)), ...(isHosting ? [await standing(hostsTopic(row.id))] : [])],
      }
    })
  }

  /** Lets in whoever waits, in a unit that holds the meeting. */
  const letIn = (held: Held, part: ParticipantRow, by: AccountId): Promise<Participant> =>
    held.change(part, { state: 'admitted', sittingId: held.row.sittingId, wasLetIn: true }, by)

  /** MEET-8, for who comes back as somebody else. */
  async function isNetworkDenied({ tx, row }: Held, { kind, sessionId }: Actor): Promise<boolean> {
    if (kind !== 'guest' || row.sittingId === null) return false
    const denied = await listDeniedGuests(tx, row.id, row.sittingId)
    if (denied.length === 0) return false
    const networks = await networksOf(tx, [sessionId, ...denied.map((part) => part.sessionId)])
    const mine = networks.get(sessionId)
    const times = denied.reduce((sum, part) => sum + (networks.get(part.sessionId) === mine ? part.denials : 0), 0)
    return mine !== undefined && times >= maxDenialsOfNetwork
  }

  return {
    known,
    hosted,
    inside: async (at: Db, meetingId: MeetingId) => (await listPresent(at, meetingId)).filter(({ state }) => isInside(state)),

    async knock(actor: Actor, { meetingId, slug, agreesToRecording }: Input<Hub, 'meetings.knock'>): Promise<Participant> {
      const mayStart = await deps.mayStart(actor)
      return hold(meetingId, async (held) => {
        const { tx } = held
        const { row, occasion, me, mine, isArchived } = await known(tx, meetingId, actor, slug)
        if (mine && isPresent(mine.state)) {
          // Again, by another page perhaps: it is this session's knock from now on.
          await changeParticipant(tx, mine.id, { sessionId: actor.sessionId, seenAt: now() })
          return held.show(mine)
        }
        if (isArchived) throw fail('forbidden', 'chat.roomIsArchived')
        if (isClosed(occasion)) throw fail('forbidden', 'meetings.isLocked')
        if (!mayKnock(occasion, me)) throw fail('forbidden', 'meetings.noGuests')
        refuseRecorded(row, agreesToRecording, mine?.state)
        const state = entryOf(occasion, me)
        if (state === 'waiting' && (isDeniedForGood(occasion, me.part) || (await isNetworkDenied(held, actor))))
          throw fail('forbidden', 'meetings.deniedTooOften')
        if (state === 'admitted' && row.sittingId === null && !mayStart) throw fail('forbidden', 'meetings.mayNotStart')

        const beganIt = state === 'admitted' && (await sittings.begin(held, actor.accountId))
        const sittingId = held.row.sittingId
        const beganThis = beganIt || (row.begunBy === actor.accountId && row.sittingId !== null)
        const arriving = {
          ...{ state, sittingId, sessionId: actor.sessionId },
          isHost: state === 'admitted' && hostsOnEntering(occasion, me, beganThis),
          wasLetIn: mine?.sittingId === sittingId ? mine.wasLetIn : false,
          denials: mine?.sittingId === sittingId ? mine.denials : 0,
        }
        const participant = mine
          ? await held.change(mine, arriving, actor.accountId)
          : await held.add(
              {
                ...arriving,
                ...{ id: newId() as ParticipantId, meetingId, accountId: actor.accountId, kind: me.kind },
                ...{ hasRaisedHand: false, since: now(), seenAt: now(), node: null, heardFrom: null, hostingFrom: null },
              },
              actor.accountId,
            )
        // Who comes in while it rings for them has answered.
        if (state === 'admitted') await sittings.answered(held, actor.accountId)
        return participant
      })
    },

    async mine(actor: Actor, { meetingId }: Input<Hub, 'meetings.mine'>): Promise<Output<Hub, 'meetings.mine'>> {
      const { mine } = await known(db, meetingId, actor)
      if (!mine) return { participant: null }
      const [person] = await peopleOf(db, [actor.accountId])
      return { participant: toParticipant(mine, person?.name ?? '') }
    },

    async admit(actor: Actor, { meetingId, participantIds }: Input<Hub, 'meetings.admit'>): Promise<Participant[]> {
      const mayAdmitGuests = await deps.mayAdmitGuests(actor)
      return hold(meetingId, async (held) => {
        const { occasion } = await hosted(held.tx, meetingId, actor)
        const asked = await those(held, participantIds)
        if (!mayAdmitGuests && asked.some(({ kind }) => kind === 'guest')) throw fail('forbidden', 'accounts.featureOff')
        if (isClosed(occasion)) throw fail('forbidden', 'meetings.isLocked')
        if (held.row.sittingId === null) throw fail('conflict', 'meetings.notRunning')
        // Of several, some may have gone meanwhile: the others are let in all the same.
        if (!asked.some(({ state }) => isPresent(state))) throw fail('conflict', 'meetings.noLongerWaiting')
        return each(asked, (part) => (part.state === 'waiting' ? letIn(held, part, actor.accountId) : held.show(part)))
      })
    },

    deny: (actor: Actor, { meetingId, participantIds }: Input<Hub, 'meetings.deny'>): Promise<Participant[]> =>
      hold(meetingId, async (held) => {
        await hosted(held.tx, meetingId, actor)
        const asked = await those(held, participantIds)
        if (!asked.some(({ state }) => state === 'waiting' || state === 'denied')) throw fail('conflict', 'meetings.noLongerWaiting')
        return each(asked, (part) => {
          if (part.state !== 'waiting') return held.show(part)
          const { sittingId } = held.row
          const denials = (part.sittingId === sittingId ? part.denials : 0) + 1
          return held.change(part, { state: 'denied', sittingId, denials }, actor.accountId)
        })
      }),

    async enter(actor: Actor, { participantId, agreesToRecording }: Input<Hub, 'meetings.enter'>): Promise<Output<Hub, 'meetings.enter'>> {
      const part = await own(db, actor, participantId)
      if (!isInside(part.state)) throw notInside()
      const { row } = await known(db, part.meetingId, actor)
      refuseRecorded(row, agreesToRecording, part.state)
      const node = await nodes.place(row.id)
      // Before the look: a right that is lost while we look is lost to this ticket, too.
      const lookedAt = now()
      const asOf = await lostUpTo(db)
      // The right may have gone while the node was chosen: who is out by now gets no ticket.
      await work(async (tx) => {
        const still = await own(tx, actor, participantId)
        const place = await rooms.placeOf(tx, row.roomId, actor.accountId)
        // Whose seat is gone is put out in a moment. In a call of two nobody else is lent one.
        const isUnseated = !place || (place.room.kind !== 'direct' && !place.seat)
        if (!isInside(still.state) || isUnseated) throw notInside()
        await changeParticipant(tx, participantId, { sessionId: actor.sessionId, seenAt: now() })
      })
      const view = await viewFor(actor, row.id)
      const { accountId, sessionId } = actor
      const about = { meetingId: row.id, roomId: row.roomId, participantId, accountId, sessionId }
      const ticket = await sign({ ...about, node, may: ['audio', 'video', 'screen'], asOf }, lookedAt)
      return { ticket, view }
    },

    view: (actor: Actor, { meetingId }: Input<Hub, 'meetings.view'>): Promise<MeetingView> => viewFor(actor, meetingId),

    async leave(actor: Actor, { participantId }: Input<Hub, 'meetings.leave'>): Promise<Participant> {
      const { meetingId } = await own(db, actor, participantId)
      return hold(meetingId, async (held) => {
        const part = await own(held.tx, actor, participantId)
        if (!isPresent(part.state)) return held.show(part)
        const left = await held.change(part, { state: 'left' }, actor.accountId)
        await sittings.hungUp(held, actor.accountId)
        return left
      })
    },

    async hand(actor: Actor, { participantId, isRaised }: Input<Hub, 'meetings.hand'>): Promise<Participant> {
      const { meetingId } = await own(db, actor, participantId)
      return hold(meetingId, async (held) => {
        const part = await own(held.tx, actor, participantId)
        if (!isInside(part.state)) throw notInside()
        return part.hasRaisedHand === isRaised ? held.show(part) : held.change(part, { hasRaisedHand: isRaised }, actor.accountId)
      })
    },
  }
}
export type Coming = ReturnType<typeof comingService>

export async function those(held: Held, ids: readonly ParticipantId[]): Promise<ParticipantRow[]> {
  const asked = [...new Set(ids)]
  const found = await participantsAmong(held.tx, held.row.id, asked)
  if (found.length < asked.length) throw noSuchParticipant()
  return asked.map((id) => found.find((part) => part.id === id)!)
}

/** One after the other: they share a transaction. */
async function each<T, R>(all: readonly T[], run: (one: T) => Promise<R>): Promise<R[]> {
  const done: R[] = []
  for (const one of all) done.push(await run(one))
  return done
}
