import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import type { Hub, MediaState, Output } from '@atrium/protocol'
import { percentile } from '../bench/rig.ts'
import { topologies, topology } from '../harness/topology.ts'
import { Caller, mediaWorkers } from './caller.ts'
import { isLong, patience, seeds } from './form.ts'
import { seeded } from './seed.ts'
import { post, town, type Citizen, type Town } from './town.ts'

const awayMs = isLong ? [2_000, 10_000, 30_000] : [2_000, 10_000]

describe.each(topologies)('%s', (name) => {
  let here: Town
  beforeAll(async () => {
    here = await town(await topology(name, { isOpenedElsewhere: true, env: { ATRIUM_MEDIA_WORKERS: '2' } }), {
      people: 8,
      rooms: 4,
      networks: 8,
    })
  })
  afterAll(() => here?.stop())

  /** Two in each of four meetings, on two workers. */
  async function fourMeetings(): Promise<Caller[]> {
    const callers: Caller[] = []
    for (const [n, roomId] of here.rooms.entries()) {
      const [one, other] = here.people.slice(2 * n, 2 * n + 2)
      const { id } = (await start(one!, roomId)) as Output<Hub, 'meetings.start'>
      for (const who of [one!, other!]) callers.push(await Caller.in(here, who, id, here.networks[callers.length]!))
    }
    return callers
  }
  async function start(who: Town['people'][number], roomId: string): Promise<unknown> {
    const witness = await here.witness(who, { roomIds: [] })
    return witness.ask('meetings.start', { clientId: randomUUID(), roomId }).finally(() => witness.close())
  }
  /** Media flows, and in each meeting are those who were in it. */
  async function allTogether(callers: readonly Caller[]): Promise<void> {
    for (const caller of callers) {
      assert.ok(await caller.reaches())
      const { participants, producers } = (await caller.state()) as MediaState
      const both = callers.filter(({ meetingId }) => meetingId === caller.meetingId).map(({ participantId }) => participantId)
      assert.deepEqual(participants.toSorted(), both.toSorted())
      assert.deepEqual(new Set(producers.map(({ participantId }) => participantId)), new Set(both))
      assert.deepEqual(caller.witness.contradictions, [])
    }
  }
  const workers = () => mediaWorkers(here.topology.processes.map(({ pid }) => pid))

  test.each(seeds)(
    '[R-18] a media worker crashes: its meetings are back with the same participants, the others go on (seed %i)',
    async (seed) => {
      const chance = seeded(seed)
      const callers = await fourMeetings()
      try {
        await until('both workers run', () => workers().length >= 2)
        await sleep(chance.between(50, 500))
        const victim = chance.one(workers())
        const killedAt = performance.now()
        process.kill(victim, 'SIGSEGV')
        await until('some are lost', () => callers.some(({ backAt }) => backAt === null), 3_000 * patience)
        await until('all are back', () => callers.every(({ backAt }) => backAt !== null), 3_000 * patience)
        const lost = callers.filter(({ backAt }) => backAt! > killedAt)
        const times = lost.map(({ backAt }) => backAt! - killedAt)
        console.log(
          `R-18 ${name} seed ${seed}: ${lost.length} of ${callers.length} lost, back after p95 ${percentile(times, 0.95).toFixed(0)} ms`,
        )

        assert.ok(lost.length < callers.length, 'the other worker was touched')
        for (const caller of callers) assert.equal(caller.entered, lost.includes(caller) ? 2 : 1)
        await allTogether(callers)
      } finally {
        await Promise.all(callers.map((caller) => caller.close()))
      }
    },
  )

  test.each(awayMs)('[R-20] a network is gone for %i ms: nobody sees anybody leave, and media goes on in the same place', async (ms) => {
    const callers = await fourMeetings()
    const [caller, other] = callers as [Caller, Caller, ...Caller[]]
    const seen: string[] = []
    other.witness.socket.on(
      'meetings.participant.changed',
      (participant) => void (participant && seen.push(`${participant.id} ${participant.state}`)),
    )
    try {
      const network = here.networks[0]!
      caller.goAway()
      network.close()
      await sleep(ms)
      network.resume()
      const backAt = performance.now()
      await caller.comeBack()
      await until('the worker hears them', () => caller.reaches(), 3_000 * patience)
      console.log(`R-20 ${name} ${ms} ms: media again after ${(performance.now() - backAt).toFixed(0)} ms`)

      assert.equal(caller.entered, 1)
      const { participants } = (await other.state()) as MediaState
      assert.ok(participants.includes(caller.participantId as never))
      assert.deepEqual(
        seen.filter((one) => one.startsWith(caller.participantId)),
        [],
      )
    } finally {
      await Promise.all(callers.map((one) => one.close()))
    }
  })

  if (name === 'apart')
    test('[R-19] a media node is killed for good: its meetings go on at another, with the same people and the door shut', async () => {
      const nodes = [...here.topology.processes, await here.topology.outside!.anotherMediaNode()]
      const callers = await fourMeetings()
      const [host] = callers as [Caller, ...Caller[]]
      const guests = await Promise.all(['Wilma', 'Dinah'].map((guest) => stranger(host, guest)))
      const [waiting, denied] = guests as [Guest, Guest]
      const { meetingId } = host
      await host.witness.ask('meetings.deny', { clientId: randomUUID(), meetingId, participantIds: [denied.participantId] })
      const victim = nodes.find((one) => one.name === host.node)!
      const lost = callers.filter(({ node }) => node === victim.name)
      try {
        const killedAt = performance.now()
        await victim.kill('SIGKILL')
        await until('all are back', () => lost.every(({ backAt }) => backAt !== null && backAt > killedAt), 8_000 * patience)
        const times = lost.map(({ backAt }) => backAt! - killedAt)
        console.log(`R-19 ${name}: ${lost.length} of ${callers.length} lost, back after p95 ${percentile(times, 0.95).toFixed(0)} ms`)

        await allTogether(callers)
        for (const caller of callers) assert.equal(caller.entered, lost.includes(caller) ? 2 : 1)
        for (const caller of callers) assert.notEqual(caller.node, victim.name)
        for (const { witness, participantId } of guests)
          assert.equal((await witness.once('meetings.enter', { participantId })).ok, false, 'the door is shut')
        const mine = (await waiting.witness.ask('meetings.mine', { meetingId })) as Output<Hub, 'meetings.mine'>
        assert.equal(mine.participant?.state, 'waiting')
      } finally {
        await Promise.all([...callers, ...guests.map(({ witness }) => witness)].map((one) => one.close()))
        await victim.start()
      }
    })

  type Guest = Awaited<ReturnType<typeof stranger>>
  /** Somebody with nothing but the link, at the door. */
  async function stranger({ witness: host, meetingId }: Caller, guestName: string) {
    const view = (await host.ask('meetings.view', { meetingId })) as Output<Hub, 'meetings.view'>
    const { slug } = view.meeting
    const { data, cookie } = await post(here.topology.url, 200, 'auth.guest', { clientId: randomUUID(), slug, name: guestName })
    const citizen: Citizen = { name: guestName, accountId: (data as { accountId: string }).accountId, cookie: cookie! }
    const witness = await here.witness(citizen, { roomIds: [] })
    const { id } = (await witness.ask('meetings.knock', { clientId: randomUUID(), meetingId })) as Output<Hub, 'meetings.knock'>
    return { witness, participantId: id }
  }
})
