import { sql } from 'kysely'
import type { PoolConfig } from 'pg'
import { afterAll, beforeAll, inject } from 'vitest'
import { answerInternal, askInternal, type Actor, type Event } from '@atrium/platform'
import type { Draft, Internal, Meeting, OperationName, Participant, ParticipantId } from '@atrium/protocol'
import { house as directoryHouse, type Someone } from '../../directory/testing/house.ts'
import { mediaNode } from './node.ts'

export type House = Awaited<ReturnType<typeof house>>
export type { Someone } from '../../directory/testing/house.ts'

/** Meetings in a house with people: real dispatch, real PostgreSQL, one media node without media. Ada owns the garden, Bob is a member. */
export async function house(cluster: PoolConfig) {
  const base = await directoryHouse(cluster)
  const { hub, ground, db } = base
  const { bus, placement } = ground
  const node = await mediaNode(ground)
  const underWay: Promise<void>[] = []
  // As every gateway does.
  bus.subscribe('revocations:all', ({ payload }) => void underWay.push(hub.talks.heed(payload as never)))
  const leave = answerInternal(bus, 'server:test', hub.talks.answers)
  await placement.claim('server:test', 'server~test', 3_600_000)

  const ada = await base.founded()
  const bob = await base.colleague(ada, 'Bob')
  const carol = await base.colleague(ada, 'Carol')

  /** A group that Ada owns, and its meeting, begun by her. */
  async function garden(...members: Someone[]): Promise<{ roomId: Meeting['roomId']; meetingId: Meeting['id']; meeting: Meeting }> {
    const { room } = await ada.call('chat.room.create', { name: 'Garden', memberIds: members.map(({ accountId }) => accountId) })
    const meeting = await ada.call('meetings.start', { roomId: room.id })
    return { roomId: room.id, meetingId: meeting.id, meeting }
  }

  /** Somebody with nothing but a link. */
  async function guest(meeting: Meeting, name = 'Gwen') {
    const browser = base.somebody({ source: `10.1.0.${++guests % 250}` })
    browser.accountId = (await browser.call('auth.guest', { slug: meeting.slug, name })).accountId
    return browser
  }
  let guests = 0

  const knock = (who: Someone, { id: meetingId, slug }: Meeting, more: object = {}): Promise<Participant> =>
    who.call('meetings.knock', { meetingId, slug, ...more })

  /** Inside, with a page open and known to the node. */
  async function inside(who: Someone, meeting: Meeting): Promise<Participant> {
    const participant = await knock(who, meeting)
    await pages(who, true)
    await who.call('meetings.enter', { participantId: participant.id })
    await joins(participant)
    return participant
  }

  const joins = (participant: Participant, at = node) => {
    at.has(participant.meetingId, participant.id)
    return askInternal(bus, 'server:test', 'meetings.peer.joined', {
      ...{ meetingId: participant.meetingId, participantId: participant.id, node: at.node },
    })
  }
  /** Opens or closes the pages of somebody. */
  async function pages(who: Someone, isOpen: boolean): Promise<void> {
    if (isOpen)
      await sql`insert into presence_screen (account_id, process, is_active, until) values (${who.accountId}, 'test', true, now() + interval '1 hour')
          on conflict (account_id, process) do update set until = excluded.until`.execute(db)
    else await sql`delete from presence_screen where account_id = ${who.accountId}`.execute(db)
  }

  async function spans(who: Someone, meetingId: string): Promise<string[]> {
    const actor = (await who.actor()) as Actor
    return [...(await hub.talks.spansOf(actor, [`meeting:${meetingId}`, `hosts:${meetingId}`])).keys()]
      .map((topic) => topic.split(':')[0]!)
      .sort()
  }

  return {
    ...base,
    node,
    ada,
    bob,
    carol,
    garden,
    guest,
    knock,
    inside,
    joins,
    pages,
    /** Which of the meeting's topics somebody may hear now. */
    spans,
    spansOf: async (who: Someone, ...topics: string[]) => hub.talks.spansOf((await who.actor()) as Actor, topics),
    /** What reaches a topic from now on. */
    hear(topic: string): Event[] {
      const heard: Event[] = []
      bus.subscribe(topic, (event) => heard.push(event))
      return heard
    },
    /** What a media node says to a server. */
    says: <K extends OperationName<Internal> & `meetings.${string}`>(operation: K, input: Draft<Internal, K>) =>
      askInternal(bus, 'server:test', operation, input),
    stateOf: async (id: ParticipantId): Promise<string> =>
      (await sql<{ state: string }>`select state from participant where id = ${id}`.execute(db)).rows[0]!.state,
    round: () => hub.talks.round(),
    tellStranded: () => hub.talks.tellStranded(),
    /** Whatever followed from lost rights has happened. */
    async settled(): Promise<void> {
      await Promise.all(underWay)
    },
    async close(): Promise<void> {
      leave()
      await Promise.allSettled(underWay)
      await base.close()
    },
  }
}

/** One for all tests of a file. */
export function withHouse(begin: (here: House) => void): void {
  let here: House | undefined
  beforeAll(async () => begin((here = await house(inject('cluster')))))
  afterAll(() => here?.close())
}
