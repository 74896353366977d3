import { every, fail, isCutBy, recentLosses, type Bus, type House, type Revoked } from '@atrium/platform'
import type { Input, Internal, MediaState, MeetingId, Output, ParticipantId, Ticket } from '@atrium/protocol'
import type { Egresses } from './egress/egresses.ts'
import { iceServersFor } from './ice.ts'
import type { Peer } from './peer.ts'
import { concerns } from './revoked.ts'
import { Room } from './room.ts'
import { unheard } from './addresses.ts'
import { telling, type Gone } from './telling.ts'
import { Workers, type Listening } from './workers.ts'

type Joined = Output<Internal, 'media.join'>
export type Needs = Pick<House, 'bus' | 'config' | 'log' | 'metrics' | 'node' | 'now' | 'placement' | 'tickets'> & {
  program: string
  listening: readonly Listening[]
  /** Recording and streaming follow what happens in a room. */
  egresses: Pick<Egresses, 'changed' | 'speaking' | 'lost' | 'end'>
  patience?: Partial<Patience>
}
/** How long is waited for somebody before they count as gone. */
export interface Patience {
  /** Nothing came from their network. Longer than the half minute for which a participant is kept anyway. */
  silentMs: number
  /** Their page closed its connections: it may only load anew. */
  hungUpMs: number
  tickMs: number
}

/** As the servers do it, who also renew it. */
const placedForMs = 3_600_000
const compareMs = 5_000
const usually: Patience = { silentMs: 40_000, hungUpMs: 8_000, tickMs: 1_000 }

/** The meetings of this node: who is in which, and what becomes of them. */
export function rooms(needs: Needs) {
  const { bus, config, egresses, log, metrics, node, now, placement, tickets } = needs
  const patience = { ...usually, ...needs.patience }
  const workers = new Workers({ ...needs, max: config.media.workers, firstPort: config.media.firstPort })
  const tellings = telling({ bus, placement, node: node.id, log })
  const losses = recentLosses('media', now)
  const isLost = (claims: Extract<Ticket, { purpose: 'media' }>) =>
    losses.unknownTo(claims, (revoked) => concerns(revoked, claims)) !== undefined
  const open = new Map<MeetingId, Room>()
  const opening = new Map<MeetingId, Promise<Room>>()
  const pages = new Map<string, { room: Room; peer: Peer }>()
  const joins = new WeakMap<Peer, { clientId: string; ticket: string; answer: Joined }>()
  /** In a meeting whose worker died: expected back. */
  const absent = new Map<ParticipantId, { meetingId: MeetingId; until: number }>()
  let ticks = 0
  let isStopped = false
  const ticking = setInterval(tick, patience.tickMs)

  const say = (room: Pick<Room, 'meetingId'>, name: string, payload: object) =>
    bus.publish({
      topic: `meeting:${room.meetingId}`,
      name,
      payload: { meetingId: room.meetingId, ...payload },
      seq: null,
    } satisfies Parameters<Bus['publish']>[0])

  async function join({ accountId, sessionId, input }: Input<Internal, 'media.join'>): Promise<Joined> {
    const { clientId, meetingId, ticket, rtpCapabilities } = input
    const before = again({ accountId, sessionId, input })
    if (before) return before
    const claims = await tickets.verify(ticket, 'media', { meetingId, accountId, sessionId })
    if (isStopped || isLost(claims)) throw fail('forbidden', 'forbidden')

    const room = await roomOf(meetingId)
    const peer = await room.enter(claims)
    if (rtpCapabilities) peer.receiving.capable(rtpCapabilities)
    // Taken away while the transports were made: nobody would look again.
    if (isLost(claims)) {
      peer.close()
      throw fail('forbidden', 'forbidden')
    }
    pages.set(peer.id, { room, peer })
    peer.send.observer.once('close', () => pages.delete(peer.id))
    absent.delete(claims.participantId)
    tellings.tell(meetingId, claims.participantId, { what: 'joined' })
    const answer: Joined = {
      node: node.name,
      peer: peer.id,
      routerRtpCapabilities: { ...room.router.rtpCapabilities },
      iceServers: iceServersFor(config.media, claims.participantId, now()),
      send: optionsOf(peer.send),
      receive: optionsOf(peer.receive),
      state: room.state,
    }
    joins.set(peer, { clientId, ticket, answer })
    return answer
  }

  /** The acknowledgement was lost: the ticket is spent, but what it brought is there. */
  function again({ accountId, sessionId, input }: Input<Internal, 'media.join'>): Joined | undefined {
    const room = open.get(input.meetingId)
    for (const peer of room?.peers ?? []) {
      const joined = joins.get(peer)
      const isTheirs = peer.who.accountId === accountId && peer.who.sessionId === sessionId
      if (room && isTheirs && joined?.clientId === input.clientId && joined.ticket === input.ticket)
        return { ...joined.answer, state: room.state }
    }
    return undefined
  }

  async function roomOf(meetingId: MeetingId): Promise<Room> {
    const standing = open.get(meetingId)
    if (standing) return standing
    let room = opening.get(meetingId)
    if (!room) {
      room = openRoom(meetingId).finally(() => opening.delete(meetingId))
      opening.set(meetingId, room)
    }
    return room
  }

  async function openRoom(meetingId: MeetingId): Promise<Room> {
    // Elsewhere by now: half of its people must not sit here alone.
    const lease = await placement.take(placeOf(meetingId), node.id, placedForMs)
    if (lease.node !== node.id) throw fail('unavailable', 'unavailable')
    const room: Room = await Room.open(meetingId, await workers.take(), {
      changing({ version, ...state }: MediaState) {
        say(room, 'media.changing', { version, state })
        egresses.changed(room)
      },
      speaking(speakers) {
        say(room, 'media.speaking', { speakers })
        egresses.speaking(room, speakers)
      },
      counted: (consumers) => metrics.mediaConsumers.inc(consumers),
      lost: (people) => lose(room, people),
    })
    open.set(meetingId, room)
    return room
  }

  /** The people of a room that is no more are asked to enter again, and expected for as long as if their network was away. */
  function lose(room: Room, people: readonly ParticipantId[]): void {
    if (open.get(room.meetingId) === room) open.delete(room.meetingId)
    const until = performance.now() + patience.silentMs
    for (const participantId of people) absent.set(participantId, { meetingId: room.meetingId, until })
    say(room, 'media.lost', {})
    egresses.lost(room)
  }

  function tick(): void {
    ticks++
    for (const room of open.values()) {
      for (const peer of room.peers) {
        const silentMs = peer.silentForMs()
        if (peer.hasHungUp ? silentMs > patience.hungUpMs : silentMs > patience.silentMs)
          cut(room, peer, peer.hasHungUp ? 'left' : 'timed_out')
      }
      // The number alone: whoever missed what it counts, asks.
      if (ticks % 2 === 0) say(room, 'media.changing', { version: room.version, state: null })
      if (room.isEmpty) shut(room)
    }
    const time = performance.now()
    for (const [participantId, { meetingId, until }] of absent)
      if (time > until) {
        absent.delete(participantId)
        tellings.tell(meetingId, participantId, { what: 'gone', why: 'timed_out' })
      }
  }

  function cut(room: Room, peer: Peer, why: Gone): void {
    peer.close()
    metrics.endings.inc({ kind: 'media', reason: why })
    tellings.tell(room.meetingId, peer.who.participantId, { what: 'gone', why })
  }

  function shut(room: Room): void {
    open.delete(room.meetingId)
    egresses.end(room.meetingId)
    room.close()
    placement.release(placeOf(room.meetingId), node.id).catch((error: unknown) => log.warn({ operation: 'placement.release', error }))
  }

  /** Where the servers took us for dead, as after a while without the database, a meeting may be elsewhere by now: two halves must not go on. */
  const stopComparing = every(
    compareMs,
    async () => {
      if (open.size === 0) return
      const elsewhere = (await placement.list(placeOf(''))).filter((lease) => lease.node !== node.id)
      for (const room of open.values())
        if (elsewhere.some(({ key }) => key === placeOf(room.meetingId))) {
          const people = room.participants
          room.close()
          lose(room, people)
        }
    },
    (error) => log.warn({ operation: 'placement.list', error }),
  )

  return {
    join,
    /** The peer of this page: its secret, asked by the account and session that joined. */
    peerOf({ accountId, sessionId, input }: { accountId: string; sessionId: string; input: { peer: string } }): { room: Room; peer: Peer } {
      const page = pages.get(input.peer)
      if (!page || page.peer.who.accountId !== accountId || page.peer.who.sessionId !== sessionId)
        throw fail('not_found', 'meetings.notInside')
      page.peer.heard()
      return page
    },
    stateOf: (meetingId: MeetingId): MediaState | null => open.get(meetingId)?.state ?? null,

    /** The server knows already: it has asked for it. */
    expel(meetingId: MeetingId, participantIds: readonly ParticipantId[]): void {
      for (const participantId of participantIds) {
        absent.delete(participantId)
        open.get(meetingId)?.peerOf(participantId)?.close()
      }
    },
    async mute(meetingId: MeetingId, participantIds: readonly ParticipantId[]): Promise<void> {
      const peers = participantIds.flatMap((participantId) => open.get(meetingId)?.peerOf(participantId) ?? [])
      await Promise.all(peers.map((peer) => peer.inTurn(() => peer.mute())))
    },
    end(meetingId: MeetingId): void {
      for (const [participantId, one] of absent) if (one.meetingId === meetingId) absent.delete(participantId)
      const room = open.get(meetingId)
      if (room) shut(room)
      else egresses.end(meetingId)
    },
    roomAt: (meetingId: MeetingId): Room | undefined => open.get(meetingId),

    revoked(revoked: Revoked, seq: number): void {
      losses.add(revoked, seq)
      for (const room of open.values())
        for (const peer of room.peers)
          if (isCutBy(peer.who, revoked, seq) && concerns(revoked, { ...peer.who, meetingId: room.meetingId })) {
            if (revoked.kind === 'participant') peer.close()
            else cut(room, peer, revoked.kind === 'session' ? 'left' : 'removed')
          }
    },

    /** The worker that waits for the first meeting. */
    warm: () => workers.take(),
    /** At which of the addresses that browsers are told it does not hear them. */
    async unheard(): Promise<string[]> {
      const { worker, server } = await workers.take()
      const router = await worker.createRouter()
      try {
        return await unheard(await router.createWebRtcTransport({ webRtcServer: server }))
      } finally {
        router.close()
      }
    },
    workers: () => workers.running,
    /** How many participants are here. */
    load: () => [...open.values()].reduce((sum, room) => sum + room.peers.length, 0),

    /** Everybody to another node: nobody finds a meeting here any more. */
    async drain(): Promise<void> {
      isStopped = true
      const all = [...open.values()]
      await Promise.allSettled(all.map(({ meetingId }) => placement.release(placeOf(meetingId), node.id)))
      for (const room of all) say(room, 'media.lost', {})
    },
    stop(): void {
      isStopped = true
      clearInterval(ticking)
      stopComparing()
      tellings.stop()
      for (const room of open.values()) room.close()
      open.clear()
      workers.stop()
    },
  }
}
export type Rooms = ReturnType<typeof rooms>

const placeOf = (meetingId: MeetingId | '') => `meeting:${meetingId}`

const optionsOf = ({ id, iceParameters, iceCandidates, dtlsParameters }: Peer['send']) => ({
  id,
  iceParameters: { ...iceParameters },
  iceCandidates: iceCandidates.map((candidate) => ({ ...candidate })),
  dtlsParameters: { ...dtlsParameters },
})
