import { fail, type Actor } from '@atrium/platform'
import { runningOf, type Hub, type Input, type Meeting, type MeetingId, type Output, type Running } from '@atrium/protocol'
import type { Hold } from './holding.ts'
import { entryOf, isHost, isInside, isPresent, mayKnock, type Standing } from './rules.ts'
import { noSuchMeeting, occasionOf, onlyHosts, seenBy, toMeeting, type MeetingDeps } from './service.common.ts'
import type { Coming } from './service.coming.ts'
import type { Sittings } from './sittings.ts'
import { newSlug } from './slug.ts'
import { changeMeeting, findBySlug, findOrAddMeeting, meetingsOf, type Db } from './store.ts'
import { findPart, listPresent } from './store.participants.ts'

/** Meetings themselves: what there is, how they begin, what can be set, how they end. */
export function meetingsService(deps: MeetingDeps & { hold: Hold; sittings: Sittings; coming: Coming }) {
  const { db, work, now, newId, nodes, rooms, peopleOf, organisation, isAdministrator, hold, sittings, coming } = deps

  /** The room of a meeting to be, as one of its members sees it. */
  async function memberRoom(at: Db, actor: Actor, roomId: string) {
    const place = await rooms.placeOf(at, roomId, actor.accountId)
    if (!place?.seat || place.seat.isLent) throw fail('not_found', 'chat.noSuchRoom')
    return place.room
  }

  const make = (roomId: string, actor: Actor) =>
    work((tx) => findOrAddMeeting(tx, { id: newId(), roomId, slug: newSlug(), by: actor.accountId, at: now() }))

  return {
    async readiness(actor: Actor): Promise<Output<Hub, 'meetings.readiness'>> {
      const [all, mayKnow] = await Promise.all([nodes.readiness(), isAdministrator(actor)])
      const first = <T>(order: readonly T[], said: readonly T[]) => order.find((one) => said.includes(one))
      const state = first(
        ['ready', 'preparing', 'missing'] as const,
        all.map(({ media }) => media.state as 'ready'),
      )
      return {
        media: all.find(({ media }) => media.state === state)?.media ?? { state: 'away' },
        recording:
          first(
            ['ready', 'preparing', 'off'] as const,
            all.map(({ recording }) => recording as 'ready'),
          ) ?? 'away',
        problems: mayKnow ? [...new Set(all.flatMap(({ problems }) => problems))] : [],
      }
    },
    async prepareRecording(actor: Actor): Promise<Record<string, never>> {
      if (!(await isAdministrator(actor))) throw fail('forbidden', 'directory.onlyAdministrators')
      const all = await nodes.readiness()
      if (all.length === 0) throw fail('unavailable', 'meetings.mediaAway')
      await Promise.all(all.map(({ node }) => nodes.ask(node, 'media.recording.prepare', {})))
      return {}
    },

    async list(actor: Actor): Promise<Output<Hub, 'meetings.list'>> {
      const found = await meetingsOf(db, await rooms.roomsWithSeat(db, actor.accountId))
      const named = new Map(
        (
          await rooms.listRooms(
            db,
            found.map(({ roomId }) => roomId),
          )
        ).map((room) => [room.id, room]),
      )
      const people = found.flatMap(({ roomId, begunBy }) => [...(named.get(roomId)?.someMembers ?? []), ...(begunBy ? [begunBy] : [])])
      return {
        meetings: found.map((row) => toMeeting(row, named.get(row.roomId)?.name ?? '')),
        people: await peopleOf(db, [...new Set(people)]),
      }
    },
    async running(actor: Actor): Promise<Running[]> {
      const found = await meetingsOf(db, await rooms.roomsWithSeat(db, actor.accountId), { areRunning: true })
      return found.flatMap((row) => runningOf(toMeeting(row, '')) ?? [])
    },
    async of(actor: Actor, { roomId }: Input<Hub, 'meetings.of'>): Promise<Output<Hub, 'meetings.of'>> {
      const room = await memberRoom(db, actor, roomId)
      const [row] = await meetingsOf(db, [roomId])
      return { meeting: row ? toMeeting(row, room.name) : null }
    },

    async peek(actor: Actor | undefined, { slug }: Input<Hub, 'meetings.peek'>): Promise<Output<Hub, 'meetings.peek'>> {
      const row = await findBySlug(db, slug)
      const [room] = row ? await rooms.listRooms(db, [row.roomId]) : []
      if (!row || !room) throw noSuchMeeting()
      const occasion = occasionOf(row, room.kind)
      const isElsewhere = actor?.kind === 'guest' && actor.scope !== row.id
      const nobody: Standing = { kind: 'guest', scope: null, seat: undefined, part: undefined }
      const me = actor && !isElsewhere ? (await seenBy(deps, db, row, actor)).me : nobody
      const isIn = isInside(me.part?.state)
      const entry =
        row.isLocked && !isIn
          ? 'locked'
          : !mayKnock(occasion, me)
            ? 'sign_in'
            : isIn || entryOf(occasion, me) === 'admitted'
              ? 'open'
              : 'wait'
      return {
        ...{ meetingId: row.id, title: room.name, entry },
        organisation: (await organisation())?.name ?? '',
        isRunning: row.inside > 0,
        isRecorded: row.recordingBeganAt !== null,
      }
    },
    /** Where a link leads a guest: for who asks for a session there. */
    async guestDoor(slug: string, actor: Actor | undefined): Promise<{ meetingId: MeetingId; isPresent: boolean }> {
      const row = await findBySlug(db, slug)
      if (!row) throw noSuchMeeting()
      if (row.guests === 'none') throw fail('forbidden', 'meetings.noGuests')
      return { meetingId: row.id, isPresent: actor !== undefined && isPresent((await findPart(db, row.id, actor.accountId))?.state) }
    },

    async start(actor: Actor, { roomId }: Input<Hub, 'meetings.start'>): Promise<Meeting> {
      const room = await memberRoom(db, actor, roomId)
      if (room.isArchived) throw fail('forbidden', 'chat.roomIsArchived')
      return hold(await make(roomId, actor), async (held) => {
        await memberRoom(held.tx, actor, roomId)
        await sittings.begin(held, actor.accountId)
        // Who calls somebody who is calling them has answered.
        const hasAnswered = await sittings.answered(held, actor.accountId)
        const other = room.kind === 'direct' && !hasAnswered ? room.someMembers.find((id) => id !== actor.accountId) : undefined
        if (other) {
          const inside = (await listPresent(held.tx, held.row.id)).filter(({ state }) => isInside(state))
          if (!inside.some(({ accountId }) => accountId === other)) await sittings.ring(held, actor.accountId, other)
        }
        return sittings.shown(held)
      })
    },

    create: (actor: Actor, { title }: Input<Hub, 'meetings.create'>): Promise<Meeting> =>
      work(
        async (tx, announce) => {
          const room = await rooms.openRoom(tx, announce, title, actor.accountId)
          await findOrAddMeeting(tx, { id: newId(), roomId: room.id, slug: newSlug(), by: actor.accountId, at: now() })
          const [row] = await meetingsOf(tx, [room.id])
          return toMeeting(row!, room.name)
        },
        { alone: true },
      ),

    change: (actor: Actor, { meetingId, guests, isLocked, title }: Input<Hub, 'meetings.change'>): Promise<Meeting> =>
      hold(meetingId, async (held) => {
        const { row, occasion, me, title: before } = await coming.known(held.tx, meetingId, actor)
        if (!isHost(occasion, me)) throw onlyHosts()
        if (title !== undefined && title !== before) {
          if (occasion.kind === 'direct') throw fail('forbidden', 'chat.directIsForTwo', { field: 'title' })
          if (me.seat !== 'owner') throw fail('forbidden', 'chat.onlyOwners', { field: 'title' })
          await rooms.rename(held.tx, held.announce, row.roomId, title)
          held.changed()
        }
        const set = {
          ...(guests !== undefined && guests !== row.guests && { guests }),
          ...(isLocked !== undefined && isLocked !== row.isLocked && { isLocked }),
        }
        // A lock ends with the sitting, so without one there is nothing to lock.
        if (set.isLocked && row.sittingId === null) throw fail('conflict', 'meetings.notRunning', { field: 'isLocked' })
        await changeMeeting(held.tx, meetingId, set)
        if (Object.keys(set).length > 0) held.changed()
        return sittings.shown(held)
      }),

    end: (actor: Actor, { meetingId }: Input<Hub, 'meetings.end'>): Promise<Meeting> =>
      hold(meetingId, async (held) => {
        await coming.hosted(held.tx, meetingId, actor)
        await sittings.end(held, actor.accountId)
        return sittings.shown(held)
      }),

    /** Whether somebody may speak with the media node of a meeting, and which that is. */
    async nodeFor(actor: Actor, meetingId: string): Promise<string> {
      const part = await findPart(db, meetingId, actor.accountId)
      if (!part) throw noSuchMeeting()
      if (!isInside(part.state)) throw fail('forbidden', 'meetings.notInside')
      const node = await nodes.placeOf(meetingId)
      // Its node died since: another ticket names another.
      if (!node) throw fail('conflict', 'meetings.mediaAway')
      return node
    },
  }
}
