import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import { memoryBus, type Event } from '@atrium/platform'
import { jsonLog } from '@atrium/platform/log'
import { cloneDatabase, until } from '@atrium/platform/testing'
import { delivery } from './delivery.ts'

let house: Awaited<ReturnType<typeof cloneDatabase>>
beforeAll(async () => {
  house = await cloneDatabase(inject('cluster'))
})
afterAll(() => house.close())

let topics = 0
async function follower() {
  const topic = `room:${++topics}`
  const bus = memoryBus()
  const heard: (number | null)[] = []
  const flow = delivery({ bus, db: house.db, log: jsonLog('silent'), deliver: (event) => heard.push(event.seq) })
  let seq = 0
  /** A fact that is committed; the bus may or may not bring it. */
  const commit = async (isCarried: boolean): Promise<Event> => {
    const fact = { topic, name: 'chat.room.changed', payload: {}, seq: ++seq }
    await sql`insert into topic (name, seq) values (${topic}, ${seq}) on conflict (name) do update set seq = ${seq}`.execute(house.db)
    await sql`insert into journal (topic, seq, name, payload) values (${topic}, ${seq}, ${fact.name}, '{}')`.execute(house.db)
    if (isCarried) bus.publish(fact)
    return fact
  }
  return { topic, bus, heard, flow, commit }
}

test('facts leave in number order, whatever the bus does to them', async () => {
  const { topic, bus, heard, flow, commit } = await follower()
  await flow.follow([topic])
  const facts = [await commit(false), await commit(false), await commit(false)]
  for (const fact of [facts[2]!, facts[0]!, facts[0]!, facts[1]!, facts[2]!]) bus.publish(fact)
  await until('all three are delivered', () => heard.length >= 3)
  assert.deepEqual(heard, [1, 2, 3])
  flow.stop()
})

test('a gap is filled from the journal as soon as it shows', async () => {
  const { topic, heard, flow, commit } = await follower()
  await flow.follow([topic])
  await commit(true)
  await commit(false)
  await commit(false)
  await commit(true)
  await until('the gap is closed', () => heard.length === 4)
  assert.deepEqual(heard, [1, 2, 3, 4])
  flow.stop()
})

test('what the bus lost for good is found by the look at the topics that moved', async () => {
  const { topic, heard, flow, commit } = await follower()
  await flow.follow([topic])
  for (let i = 0; i < 3; i++) await commit(false)
  assert.deepEqual(heard, [])
  assert.equal(await flow.catchUp(), 3)
  assert.deepEqual(heard, [1, 2, 3])
  assert.equal(await flow.catchUp(), 0)
  flow.stop()
})

test('whoever follows hears all after where the topic stood, and nothing before', async () => {
  const { topic, heard, flow, commit } = await follower()
  await commit(true)
  await commit(true)
  const following = flow.follow([topic])
  const during = commit(true)
  await Promise.all([following, during])
  assert.ok(flow.standing(topic) >= 2)
  await commit(true)
  await until('the fourth is delivered', () => heard.includes(4))
  assert.equal(heard.at(-1), 4)
  assert.ok(heard.every((seq) => seq! > 2))
  flow.stop()
})

test('nobody listening: the topic is forgotten, and found where it stands by the next who follows', async () => {
  const { topic, heard, flow, commit } = await follower()
  await flow.follow([topic])
  flow.unfollow(topic)
  await commit(true)
  await flow.follow([topic])
  assert.equal(flow.standing(topic), 1)
  await commit(true)
  await until('the second is delivered', () => heard.length === 1)
  assert.deepEqual(heard, [2])
  flow.stop()
})
