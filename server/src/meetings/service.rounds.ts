import type { Hub, Input, Internal, MeetingId, Payload } from '@atrium/protocol'
import { nodeName, Refusal, type Revoked } from '@atrium/platform'
import type { Hold } from './holding.ts'
import { emptyForMs, goneAfterMs, isInside, isPresent, type State } from './rules.ts'
import { meetingTopic, noSuchParticipant, type MeetingDeps } from './service.common.ts'
import type { Coming } from './service.coming.ts'
import type { Recording } from './service.recording.ts'
import type { Sittings } from './sittings.ts'
import { emptySince, type ParticipantRow } from './store.ts'
import { allParts, changeParticipant, findParticipant, listPresent, noteSeen, presentParts } from './store.participants.ts'

/** How long after its start a process judges nobody: whoever was connected to another comes back first. */
const settlesInMs = goneAfterMs

/** What happens to participants without their doing: what media nodes see, rights that were lost, and what nobody told. */
export function roundsService(deps: MeetingDeps & { hold: Hold; sittings: Sittings; coming: Coming; recording: Recording }) {
  const { db, bus, work, now, nodes, rooms, haveScreens, hold, sittings, recording } = deps
  const startedAt = now().getTime()

  /** Moves a participant who is in one of these states still. */
  async function move(part: ParticipantRow, from: (state: State, still: ParticipantRow) => boolean, to: State): Promise<void> {
    await hold(part.meetingId, async (held) => {
      const still = await findParticipant(held.tx, part.id)
      if (!still || !from(still.state, still)) return
      await held.change(still, { state: to }, still.accountId)
      await sittings.hungUp(held, still.accountId)
    })
  }

  async function peerJoined({ meetingId, participantId, node }: Input<Internal, 'meetings.peer.joined'>): Promise<Record<string, never>> {
    await hold(meetingId, async (held) => {
      const part = await findParticipant(held.tx, participantId)
      if (part?.meetingId !== meetingId) throw noSuchParticipant()
      if (part.state === 'admitted') await held.change(part, { state: 'joined', node }, part.accountId)
      else if (part.state === 'joined') await changeParticipant(held.tx, part.id, { node, seenAt: now() })
      // Somebody decided otherwise while they came in.
      else held.afterwards(() => nodes.ask(node, 'media.expel', { meetingId, participantIds: [participantId] }))
      if (isInside(part.state)) held.afterwards(() => recording.goOn(meetingId).catch(unlessAway))
    })
    return {}
  }

  async function peerGone({ meetingId, participantId, node, why }: Input<Internal, 'meetings.peer.gone'>): Promise<Record<string, never>> {
    const part = await findParticipant(db, participantId)
    if (part?.meetingId !== meetingId) return {}
    // One who has gone on to another node is not gone.
    const isThere = (state: State, still: ParticipantRow) =>
      state === 'joined' && (still.node === null || nodeName(still.node) === nodeName(node))
    await move(part, isThere, why === 'timed_out' ? 'timed_out' : 'left')
    return {}
  }

  /** A right was lost elsewhere: whoever was in meetings by it is out. Every server hears it; the first one does it. */
  async function heed(revoked: Revoked): Promise<void> {
    if (revoked.kind === 'accounts') {
      for (const part of await listPresent(db)) if (revoked.accountIds.has(part.accountId)) await move(part, isPresent, 'removed')
      return
    }
    if (revoked.kind !== 'account' && revoked.kind !== 'session' && revoked.kind !== 'seat') return
    for (const part of await presentParts(db, revoked.accountId)) {
      if (revoked.kind === 'account') await move(part, isPresent, 'removed')
      else if (revoked.kind === 'session') {
        const isBySession = (state: State, still: ParticipantRow) => isPresent(state) && revoked.sessionIds.includes(still.sessionId)
        await move(part, isBySession, 'left')
      } else await unseat(part, revoked.roomId)
    }
    if (revoked.kind === 'account' && revoked.reason === 'deleted') await forget(revoked.accountId)
  }

  /** Who is no more has no name in what is told of meetings either. */
  async function forget(accountId: string): Promise<void> {
    for (const { id, meetingId } of await allParts(db, accountId))
      await hold(meetingId, async (held) => {
        const still = await findParticipant(held.tx, id)
        if (still) await held.repeat(still)
      })
  }

  async function unseat(part: ParticipantRow, roomId: string): Promise<void> {
    await hold(part.meetingId, async (held) => {
      if (held.row.roomId !== roomId) return
      const still = await findParticipant(held.tx, part.id)
      const place = await rooms.placeOf(held.tx, roomId, part.accountId)
      // They may sit there again by now. Who waits needs no seat to wait.
      if (!still || !isInside(still.state) || place?.seat) return
      await held.change(still, { state: 'removed', sittingId: held.row.sittingId, wasLetIn: false }, still.accountId)
    })
  }

  /** Who waits or was let in has a page open; whose page is gone for long enough is gone. */
  async function lookAtPages(present: readonly ParticipantRow[]): Promise<void> {
    const pages = present.filter(({ state }) => state !== 'joined')
    if (pages.length === 0) return
    const open = await haveScreens([...new Set(pages.map(({ accountId }) => accountId))])
    await judged(
      pages,
      (part) => open.has(part.accountId),
      (part) => (part.state === 'waiting' ? 'left' : 'timed_out'),
    )
  }

  /** Who joined is known to the media node; whom no node knows for long enough has fallen out. Whom a node has against our word is put out there. */
  async function lookAtNodes(present: readonly ParticipantRow[]): Promise<void> {
    const joined = present.filter(({ state, node }) => state === 'joined' && node !== null)
    for (const [meetingId, parts] of Map.groupBy(joined, (part) => part.meetingId)) {
      await nodes.keep(meetingId)
      const known = new Set<string>()
      for (const [node, there] of Map.groupBy(parts, (part) => part.node!)) {
        const said = await nodes.ask(node, 'media.state', { meetingId }).catch(unlessAway)
        for (const id of said?.participants ?? []) known.add(id)
        const strangers = (said?.participants ?? []).filter((id) => !there.some((part) => part.id === id))
        if (strangers.length > 0) await expelStrangers(meetingId, node, strangers)
      }
      await judged(
        parts,
        (part) => known.has(part.id),
        () => 'timed_out',
      )
    }
  }

  async function expelStrangers(meetingId: MeetingId, node: string, ids: ParticipantRow['id'][]): Promise<void> {
    const out: ParticipantRow['id'][] = []
    for (const id of ids) if (!isInside((await findParticipant(db, id))?.state)) out.push(id)
    if (out.length > 0) await nodes.ask(node, 'media.expel', { meetingId, participantIds: out }).catch(unlessAway)
  }

  async function judged(parts: readonly ParticipantRow[], isThere: (part: ParticipantRow) => boolean, to: (part: ParticipantRow) => State) {
    const there = parts.filter(isThere).map(({ id }) => id)
    if (there.length > 0) await work((tx) => noteSeen(tx, there, now()))
    const late = now().getTime() - goneAfterMs
    if (now().getTime() - startedAt < settlesInMs) return
    for (const part of parts)
      if (!isThere(part) && part.seenAt.getTime() < late)
        await move(part, (state, still) => state === part.state && still.seenAt.getTime() < late, to(part))
  }

  return {
    peerJoined,
    peerGone,
    heed,
    /** A node that died cannot say so: the pages of its meetings are told to come in anew, and find another. */
    async tellStranded(): Promise<void> {
      for (const meetingId of await nodes.stranded())
        bus.publish({
          topic: meetingTopic(meetingId),
          name: 'media.lost',
          payload: { meetingId } satisfies Payload<Hub, 'media.lost'>,
          seq: null,
        })
    },
    /** Every few seconds, in one process of the hub. */
    async round(): Promise<void> {
      const present = await listPresent(db)
      await lookAtPages(present)
      await lookAtNodes(present)
      const empty = await emptySince(db, new Date(now().getTime() - emptyForMs))
      for (const meetingId of empty)
        await hold(meetingId, async (held) => {
          const { emptySince: since, begunBy } = held.row
          if (since && now().getTime() - since.getTime() >= emptyForMs) await sittings.end(held, begunBy!)
        })
    },
  }
}

/** A node that does not answer is looked at again in the next round. */
function unlessAway(error: unknown): undefined {
  if (error instanceof Refusal && error.failure.code !== 'internal') return undefined
  throw error
}
