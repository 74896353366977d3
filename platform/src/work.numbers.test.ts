import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import type { Event } from './bus/index.ts'
import { notebooks, say } from './testing/notebook.ts'
import { workshop } from './work.ts'

let house: Awaited<ReturnType<typeof notebooks>>
beforeAll(async () => void (house = await notebooks(inject('cluster'))))
afterAll(() => house.close())

const seeds = [1, 20, 300]
test.each(seeds)('[R-8] whatever 64 units at once announce, numbers have no gaps and follow commits (seed %i)', async (seed) => {
  await house.notebook()
  const random = mulberry(seed)
  const topics = Array.from({ length: 12 }, (_, i) => `account:${i}`)
  const heard = Array.from({ length: 4 }, (): Event[] => [])
  const processes = heard.map((events) => workshop(house.db, { publish: (event) => events.push(event) }, { lanes: 3, maxTogether: 6 })())
  const watching = watch(topics)
  house.faults.length = 0

  let next = 0
  const refusals: unknown[] = []
  let kept = 0
  const worker = async () => {
    while (next++ < 1_200) {
      const chosen = Array.from({ length: 1 + Math.floor(random() * 5) }, () => topics[Math.floor(random() * topics.length)]!)
      const isUndone = random() < 0.2
      const isLate = random() < 0.5
      const unit = processes[next % processes.length]!.work(async (_, announce) => {
        for (const topic of chosen)
          if (isLate && isUndone) announce(topic as 'account:1', 'chat.room.read', () => Promise.reject(new Error('undone')))
          else say(announce, topic)
        if (isUndone && !isLate) throw new Error('undone')
      })
      await unit.then(
        () => (kept += chosen.length),
        (error: Error) => error.message !== 'undone' && refusals.push(error),
      )
    }
  }
  await Promise.all(Array.from({ length: 64 }, worker))
  await watching.stop()

  assert.deepEqual([refusals, house.faults], [[], []], 'not even a deadlock that was repeated')
  const { rows } = await sql<{
    facts: number
    last: number
  }>`select count(*) as facts, max(seq) as last from journal group by topic`.execute(house.db)
  assert.deepEqual(
    rows.filter(({ facts, last }) => facts !== last),
    [],
  )
  assert.equal(
    rows.reduce((sum, { facts }) => sum + facts, 0),
    kept,
  )
  assert.ok(watching.looks() > 5, 'the reader looked while they wrote')
  for (const events of heard)
    for (const topic of topics) {
      const seqs = events.filter((event) => event.topic === topic).map(({ seq }) => seq!)
      assert.deepEqual(
        seqs,
        seqs.toSorted((one, other) => one - other),
      )
    }
})

/** A reader that must never see a number before the one below it. */
function watch(topics: string[]) {
  let looks = 0
  let isOver = false
  const reading = (async () => {
    while (!isOver) {
      const { rows } = await sql<{ topic: string }>`
        select topic from journal where topic = any(${topics}) group by topic having count(*) <> max(seq)`.execute(house.db)
      assert.deepEqual(rows, [], 'a number was seen before the one below it')
      looks++
    }
  })()
  return {
    looks: () => looks,
    async stop() {
      isOver = true
      await reading
    },
  }
}

/** A small generator of random numbers that a seed repeats. */
function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
