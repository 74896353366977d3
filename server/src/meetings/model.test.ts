import assert from 'node:assert/strict'
import { sql } from 'kysely'
import { test } from 'vitest'
import type { Event } from '@atrium/platform'
import { randomOf } from '@atrium/platform/testing'
import type { Meeting, MeetingView, Participant } from '@atrium/protocol'
import { isInside, mayMove, moves, type State } from './rules.ts'
import { withHouse, type House, type Someone } from './testing/house.ts'

let here: House
withHouse((house) => (here = house))

test('[MEET-5] from every state there is a way back in, and none that skips the door', () => {
  for (const [from, ways] of Object.entries(moves)) {
    assert.ok(!ways.includes(from as State), `${from} to itself is no move`)
    assert.equal(ways.includes('joined'), from === 'admitted', `only who was admitted joins: ${from}`)
    const reached = new Set<State>()
    const walk = (state: State) => moves[state].forEach((next) => !reached.has(next) && walk((reached.add(next), next)))
    for (const way of ways) walk((reached.add(way), way))
    assert.ok(reached.has('joined'), `${from} never leads inside`)
  }
})

interface Row {
  id: string
  accountId: string
  kind: string
  state: State
  isHost: boolean
  heardFrom: number | null
}

for (const seed of [1, 2, 3])
  test(`random stories keep to the table, give nobody outside anything, and converge (seed ${seed})`, async () => {
    const random = randomOf(seed)
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
    const { ada, bob, carol } = here
    const { meeting, meetingId, roomId } = await here.garden(bob)
    const inside = here.hear(`meeting:${meetingId}`)
    const hosts = here.hear(`hosts:${meetingId}`)
    const guests = [await here.guest(meeting, 'Gwen'), await here.guest(meeting, 'Gus')]
    const everybody = [ada, bob, carol, ...guests]
    await here.knock(ada, meeting)
    await here.knock(bob, meeting)

    const rows = async () =>
      (
        await sql<Row>`select id, account_id, kind, state, is_host, heard_from from participant where meeting_id = ${meetingId}`.execute(
          here.db,
        )
      ).rows
    const someone = async () => (await rows()).map(({ id }) => id) as Participant['id'][]
    const own = async (who: Someone) => (await rows()).find(({ accountId }) => accountId === who.accountId)?.id as Participant['id']
    const deeds: ((who: Someone) => Promise<unknown>)[] = [
      (who) => who.ask('meetings.knock', { meetingId, slug: meeting.slug }),
      (who) => who.ask('meetings.knock', { meetingId, slug: meeting.slug }),
      async (who) => who.ask('meetings.admit', { meetingId, participantIds: [pick(await someone())] }),
      async (who) => who.ask('meetings.admit', { meetingId, participantIds: await someone() }),
      async (who) => who.ask('meetings.deny', { meetingId, participantIds: [pick(await someone())] }),
      async (who) => who.ask('meetings.remove', { meetingId, participantId: pick(await someone()) }),
      async (who) => who.ask('meetings.host', { meetingId, participantId: pick(await someone()), isHost: random() < 0.5 }),
      async (who) => (await own(who)) && who.ask('meetings.enter', { participantId: await own(who) }),
      async (who) => (await own(who)) && who.ask('meetings.leave', { participantId: await own(who) }),
      async (who) => (await own(who)) && who.ask('meetings.hand', { participantId: await own(who), isRaised: random() < 0.5 }),
      async (who) => (await own(who)) && here.joins({ id: await own(who), meetingId } as Participant),
      async (who) => {
        const about = { meetingId, participantId: (await own(who)) ?? pick(await someone()), node: here.node.node }
        await here.says('meetings.peer.gone', { ...about, why: pick(['left', 'timed_out'] as const) })
      },
      (who) => who.ask('meetings.change', { meetingId, isLocked: random() < 0.3 }),
      (who) => (random() < 0.2 ? who.ask('meetings.end', { meetingId }) : who.ask('meetings.view', { meetingId })),
    ]

    const screen = await opened(ada)
    for (let step = 0; step < 30; step++) {
      const before = new Map((await rows()).map((row) => [row.id, row.state]))
      await pick(deeds)(pick(everybody))
      await here.settled()
      for (const row of await rows()) {
        const was = before.get(row.id) ?? 'nowhere'
        assert.ok(was === row.state || mayMove(was, row.state), `step ${step}: ${was} → ${row.state}`)
        const who = everybody.find(({ accountId }) => accountId === row.accountId)!
        const heard = await here.spans(who, meetingId)
        assert.deepEqual(
          heard,
          isInside(row.state) ? (row.isHost ? ['hosts', 'meeting'] : ['meeting']) : [],
          `step ${step}: ${row.state} hears`,
        )
        const seat = await here.ground
          .databaseOf<any>()
          .db.selectFrom('seat')
          .select('isLent')
          .where('roomId', '=', roomId)
          .where('accountId', '=', row.accountId)
          .where('toSeq', 'is', null)
          .executeTakeFirst()
        if (row.kind === 'guest')
          assert.equal(seat?.isLent ?? false, isInside(row.state), `step ${step}: the seat of a guest who is ${row.state}`)
        if (!isInside(row.state)) {
          const view = await who.ask('meetings.view', { meetingId })
          assert.ok(!view.ok && ['forbidden', 'not_found'].includes(view.error.code))
          const ticket = await who.ask('meetings.enter', { participantId: row.id as Participant['id'] })
          assert.ok(!ticket.ok && ticket.error.code === 'forbidden', `step ${step}: ${row.state} entered`)
        }
      }
      const { meeting: told } = await ada.call('meetings.of', { roomId })
      assert.equal(told?.sitting?.inside ?? 0, (await rows()).filter(({ state }) => isInside(state)).length)
      await screen.compare(step)
    }

    /** What Ada's page shows by facts alone, from each time she comes in until she is out. */
    async function opened(who: Someone) {
      let shown: { view: MeetingView; at: number; atHosts: number } | undefined
      const follow = (facts: Event[], after: number, apply: (payload: any, name: string) => void) => {
        for (const { seq, name, payload } of facts) if (seq !== null && seq > after) apply(payload, name)
        return facts.at(-1)?.seq ?? after
      }
      const load = async () => {
        const reply = await who.ask('meetings.view', { meetingId })
        shown =
          reply.ok && reply.data.me.isHost ? { view: reply.data, at: reply.data.at[0]!.seq, atHosts: reply.data.at[1]!.seq } : undefined
      }
      await load()
      return {
        async compare(step: number) {
          const fresh = await who.ask('meetings.view', { meetingId })
          if (!fresh.ok || !fresh.data.me.isHost || !shown || shown.view.me.since !== fresh.data.me.since) return load()
          const { view } = shown
          shown.at = follow(inside, shown.at, (payload, name) => {
            if (name === 'meetings.changed') view.meeting = payload as Meeting
            else if (name === 'meetings.participant.changed') view.participants = put(view.participants, payload, isInside(payload.state))
          })
          shown.atHosts = follow(
            hosts,
            shown.atHosts,
            (payload) => (view.waiting = put(view.waiting, payload, payload.state === 'waiting')),
          )
          const sorted = ({ participants, waiting, meeting }: MeetingView) => ({
            meeting,
            participants: participants.toSorted(byId),
            waiting: waiting.toSorted(byId),
          })
          assert.deepEqual(sorted(view), sorted(fresh.data), `step ${step}: facts and a fresh load differ`)
        },
      }
    }
  })

const byId = (one: Participant, other: Participant) => (one.id < other.id ? -1 : 1)
const put = (list: Participant[], one: Participant, isThere: boolean) => [
  ...list.filter(({ id }) => id !== one.id),
  ...(isThere ? [one] : []),
]
