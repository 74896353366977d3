import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createConnection } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { notRun } from '@atrium/platform/testing/needs'
import type { FileId, Hub, MediaState, Output } from '@atrium/protocol'
import { usualProgram } from '@atrium/sfu/testing/node'
import { person } from '../../collab/src/testing/index.ts'
import { missingFor, topologies, topology } from '../harness/topology.ts'
import { weather, type Weather } from '../harness/weather.ts'
import { Caller, mediaWorkers } from './caller.ts'
import { complaintsAbout, editor, type Editor } from './editor.ts'
import { forMs, isLong, patience, seeds } from './form.ts'
import { talk, verdictOf } from './load.ts'
import { seeded, type Seeded } from './seed.ts'
import { post, town, type Citizen, type Town } from './town.ts'

/*
 * One fault, and everything open: people talk in rooms, meet, and write in a document. What the fault is about comes back in
 * time, and the others do not notice.
 */

const nothing = { lost: 0, doubled: 0, phantom: 0, reordered: 0, divergent: 0 }
const redisGoneMs = isLong ? [2_000, 15_000, 60_000] : [2_000]

describe.each(topologies)('%s', (name) => {
  const missing = missingFor(name) ?? (existsSync(usualProgram()) ? undefined : 'the media worker')
  if (missing) return notRun(`rooms, meetings and documents under faults, ${name}`, missing)
  let here: Town
  let redisPort: number
  /** Between the media node and Redis, and nobody else. */
  let lonely: Weather | undefined
  beforeAll(async () => {
    const running = await topology(name, {
      isOpenedElsewhere: true,
      env: { ATRIUM_MEDIA_WORKERS: '2' },
      throughRedis: async (url) => {
        redisPort = Number(new URL(url).port)
        lonely = await weather(`http://127.0.0.1:${redisPort}`)
        return url
      },
      envOf: (process) => (process === 'sfu-1' ? { REDIS_URL: `redis://127.0.0.1:${lonely!.port}` } : {}),
    })
    here = await town(running, { people: 4, rooms: 2, networks: 4 })
  })
  afterAll(async () => {
    await here?.stop()
    await lonely?.stop()
  })

  interface Day {
    callers: readonly Caller[]
    editors: readonly Editor[]
    chance: Seeded
  }
  const ask = async <T>(who: Citizen, operation: string, input: object): Promise<T> =>
    (await post(here.topology.url, 1, operation, input, who.cookie)).data as T

  /** Two meet in each of two rooms, all four write in one document and talk in both rooms, each by a network of their own. */
  async function day(what: string, seed: number, fault: (day: Day) => Promise<string>): Promise<void> {
    const chance = seeded(seed)
    const [first] = here.people as [Citizen, ...Citizen[]]
    const callers: Caller[] = []
    for (const [n, roomId] of here.rooms.entries())
      for (const [i, who] of here.people.slice(2 * n, 2 * n + 2).entries()) {
        const { id } = await ask<Output<Hub, 'meetings.start'>>(who, 'meetings.start', { clientId: randomUUID(), roomId })
        callers.push(await Caller.in(here, who, id, here.networks[2 * n + i]!))
      }
    const folder = await ask<{ id: FileId }>(first, 'files.room', { roomId: here.rooms[0] })
    const { id: fileId } = await ask<{ id: FileId }>(first, 'files.document.create', {
      ...{ clientId: randomUUID(), folderId: folder.id, name: `Log ${randomUUID()}` },
    })
    const { path } = await ask<{ path: string }>(first, 'documents.open', { fileId })
    const desk = (who: Citizen, url: string) => ({
      person: (id: FileId) =>
        person(
          {
            url,
            address: `${url.replace('http', 'ws')}${path}`,
            sign: async () => (await ask<{ ticket: string }>(who, 'documents.open', { fileId: id })).ticket,
          },
          id,
        ),
    })
    const editors = here.people.map((who, n) => editor(desk(who, here.networks[n]!.url), fileId, `e${n}`))
    const witnesses = await Promise.all(here.people.map((who, n) => here.witness(who, { network: here.networks[n]! })))
    const typing = setInterval(() => chance.one(editors).type(chance.next()), 25)
    try {
      await until('all are in the document', () => editors.every((one) => one.provider.isSynced), 20_000)
      const talking = talk(witnesses, here.rooms, chance, { perSecond: 20, ms: forMs })
      const bit = await fault({ callers, editors, chance })
      const sends = await talking
      clearInterval(typing)

      await until('all is saved', () => editors.every((one) => one.isSaved()), 10_000 * patience)
      const fresh = desk(first, here.topology.url).person(fileId)
      await until('a fresh look', () => fresh.isSaved() && fresh.text.length === editors[0]!.text.length).catch(() => {})
      assert.deepEqual(complaintsAbout(editors, fresh.text.toString()), [], `seed ${seed}`)
      fresh.leave()
      const { counters, complaints, sends: outcomes } = await verdictOf(here, witnesses, sends)
      assert.deepEqual(counters, nothing, `seed ${seed}: ${complaints.join('\n')}`)
      for (const caller of callers) {
        assert.ok(await caller.reaches())
        const { participants } = (await caller.state()) as MediaState
        const both = callers.filter(({ meetingId }) => meetingId === caller.meetingId).map(({ participantId }) => participantId)
        assert.deepEqual(participants.toSorted(), both.toSorted())
        assert.deepEqual(caller.witness.contradictions, [])
      }
      const saved = editors.reduce((sum, one) => sum + one.saved.size, 0)
      assert.ok(saved > 20 && outcomes.ok > 0, `${saved} words saved, ${outcomes.ok} sent`)
      console.log(`${what} ${name} seed ${seed}: ${bit}; ${outcomes.ok} sent, ${saved} words saved, none lost`)
    } finally {
      clearInterval(typing)
      for (const one of editors) one.leave()
      await Promise.all([...callers, ...witnesses].map((one) => one.close()))
    }
  }
  const cutOf = (editors: readonly Editor[]) => editors.filter(({ heard }) => heard.some((said) => said.startsWith('closed')))

  test('[R-20] one person’s network is gone, with everything open: nothing is lost, and they are where they were', () =>
    day('R-20', seeds[0]!, async ({ callers, editors }) => {
      const [caller] = callers as [Caller, ...Caller[]]
      const [typist, other] = editors as [Editor, Editor, ...Editor[]]
      caller.goAway()
      here.networks[0]!.close()
      const alone = typist.type(0)
      await sleep(2_000)
      assert.ok(!other.text.toString().includes(alone), 'fault not injected')
      here.networks[0]!.resume()
      const backAt = performance.now()
      await caller.comeBack()
      await until('the worker hears them', () => caller.reaches(), 3_000 * patience)
      const heardAfter = performance.now() - backAt
      await until('the others read what was written without a network', () => other.text.toString().includes(alone), 3_000 * patience)
      assert.deepEqual(
        callers.map(({ entered }) => entered),
        [1, 1, 1, 1],
      )
      assert.deepEqual(cutOf(editors.slice(1)), [])
      return `media again after ${heardAfter.toFixed(0)} ms, all words after ${(performance.now() - backAt).toFixed(0)} ms`
    }))

  if (name === 'apart') {
    test.each(redisGoneMs)('[R-16] Redis is gone for %i ms, with everything open: calls, documents and rooms go on', (ms) =>
      day('R-16', seeds[0]!, async ({ callers, editors }) => {
        const { redis } = here.topology.outside!
        const pids = here.topology.processes.map(({ pid }) => pid)
        await redis.stop('SIGKILL')
        await until('readiness falls', async () => (await fetch(`${here.topology.servers[0]!.url}/readyz`)).status === 503)
        const [writer, reader] = editors as [Editor, Editor, ...Editor[]]
        for (const end = performance.now() + ms; performance.now() < end; await sleep(500)) {
          const word = writer.type(0)
          await until('a word is read by the others and saved', () => reader.text.toString().includes(word) && writer.saved.has(word))
          for (const caller of callers) assert.ok(await caller.reaches(), 'media flows')
          assert.equal((await fetch(`${here.topology.servers[0]!.url}/livez`)).status, 200)
        }
        await redis.start()
        return wholeAgain(callers, editors, pids)
      }),
    )

    test('[R-16] Redis forgets everything, with everything open', () =>
      day('R-16, all forgotten,', seeds[0]!, async ({ callers, editors }) => {
        const pids = here.topology.processes.map(({ pid }) => pid)
        assert.match(await said(redisPort, 'FLUSHALL'), /^\+OK/)
        return wholeAgain(callers, editors, pids)
      }))

    test('[R-16] Redis is out of reach for the media node alone, with everything open', () =>
      day('R-16, one node,', seeds[0]!, async ({ callers, editors }) => {
        const pids = here.topology.processes.map(({ pid }) => pid)
        const node = here.topology.processes.find(({ name: one }) => one === 'sfu-1')!
        lonely!.close()
        assert.ok(lonely!.counts.cuts > 0, 'fault not injected')
        await until('its readiness falls', async () => (await fetch(`${node.url}/readyz`)).status === 503)
        assert.ok((await Promise.all(here.topology.servers.map(({ url }) => fetch(`${url}/readyz`)))).every(({ ok }) => ok))
        for (const end = performance.now() + 2_000; performance.now() < end; await sleep(500))
          for (const caller of callers) assert.ok(await caller.reaches(), 'media flows')
        lonely!.resume()
        return wholeAgain(callers, editors, pids)
      }))
  }

  /** What asks the media node is answered, in the place where everybody was. */
  async function wholeAgain(callers: readonly Caller[], editors: readonly Editor[], pids: readonly number[]): Promise<string> {
    const backAt = performance.now()
    await until(
      'all are ready again',
      async () => (await Promise.all(here.topology.processes.map(({ url }) => fetch(`${url}/readyz`)))).every(({ ok }) => ok),
      5_000 * patience,
    )
    for (const caller of callers) await caller.state()
    const after = performance.now() - backAt
    assert.deepEqual(
      here.topology.processes.map(({ pid }) => pid),
      pids,
      'a process ended with it',
    )
    assert.deepEqual(
      callers.map(({ entered }) => entered),
      [1, 1, 1, 1],
    )
    assert.deepEqual(cutOf(editors), [])
    return `full service ${after.toFixed(0)} ms after it was back`
  }

  test('[R-18] a media worker crashes, with everything open: its meeting is back, and nobody else notices', () =>
    day('R-18', seeds[0]!, async ({ callers, editors, chance }) => {
      const ports = new Map(callers.map((caller) => [caller, caller.port]))
      const killedAt = performance.now()
      process.kill(chance.one(mediaWorkers(here.topology.processes.map(({ pid }) => pid))), 'SIGSEGV')
      await until('it is noticed', () => callers.some(({ backAt }) => backAt === null), 3_000 * patience)
      await until('all are back', () => callers.every(({ backAt }) => backAt !== null), 3_000 * patience)
      const lost = callers.filter(({ entered }) => entered > 1)
      const after = Math.max(...lost.map(({ backAt }) => backAt!)) - killedAt
      const there = callers.filter((caller) => ports.get(caller) === ports.get(lost[0]!))
      assert.deepEqual(lost, there, 'those whose worker it was, and nobody else')
      assert.deepEqual(cutOf(editors), [])
      return `${lost.length} of ${callers.length} lost, back after ${after.toFixed(0)} ms`
    }))
})

/** One command, as a person would type it. */
async function said(port: number, command: string): Promise<string> {
  const socket = createConnection({ port, host: '127.0.0.1' })
  socket.end(`${command}\r\nQUIT\r\n`)
  let answer = ''
  for await (const part of socket.setEncoding('utf8')) answer += part
  return answer
}
