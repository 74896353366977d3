import assert from 'node:assert/strict'
import { sql } from 'kysely'
import { test } from 'vitest'
import { withHouse, type House, type Someone } from './testing/house.ts'

let here: House
let ada: Someone
let bob: Someone
withHouse((house) => {
  here = house
  ;({ ada, bob } = here)
})

/** Ada calls somebody new. */
async function calling() {
  const called = await here.colleague(ada, 'Called')
  const { room } = await ada.call('chat.direct', { accountId: called.accountId })
  const heard = here.hear(`account:${called.accountId}`)
  const caller = here.hear(`account:${ada.accountId}`)
  const meeting = await ada.call('meetings.start', { roomId: room.id })
  const [ring] = await called.call('meetings.rings', {})
  const ends = (list: typeof heard) =>
    list.filter(({ name }) => name === 'meetings.ring.ended').map(({ payload }) => (payload as { how: string }).how)
  return { called, room, meeting, ring: ring!, heard: () => ends(heard), toldCaller: () => ends(caller) }
}

test('[MEET-13] a call rings the other one, says who calls, and is answered once', async () => {
  const { called, ring, meeting, heard, toldCaller } = await calling()
  assert.deepEqual([ring.by.name, ring.meetingId, ring.roomId], ['Ada Lindqvist', meeting.id, meeting.roomId])
  assert.deepEqual(await ada.call('meetings.rings', {}), [])
  // Two devices at once, and one that repeats what it said.
  const clientId = crypto.randomUUID()
  const answers = await Promise.all([
    called.call('meetings.ring.answer', { ringId: ring.id, answer: 'accept', clientId }),
    called.call('meetings.ring.answer', { ringId: ring.id, answer: 'decline' }),
  ])
  assert.equal(answers.filter(({ isMine }) => isMine).length, 1)
  const again = await called.call('meetings.ring.answer', { ringId: ring.id, answer: 'accept', clientId })
  assert.equal(again.isMine, answers[0].isMine)
  assert.deepEqual(await called.call('meetings.rings', {}), [])
  assert.deepEqual([heard().length, toldCaller().length], [1, 1])
  assert.equal((await bob.refusal('meetings.ring.answer', { ringId: ring.id, answer: 'accept' })).code, 'not_found')
})

test('who declines tells the caller so, and can be called again', async () => {
  const { called, ring, meeting, toldCaller } = await calling()
  await called.call('meetings.ring.answer', { ringId: ring.id, answer: 'decline' })
  assert.deepEqual(toldCaller(), ['declined'])
  await ada.call('meetings.start', { roomId: meeting.roomId })
  assert.equal((await called.call('meetings.rings', {})).length, 1)
  await ada.call('meetings.start', { roomId: meeting.roomId })
  assert.equal((await called.call('meetings.rings', {})).length, 1, 'it rings once at a time')
})

test('a call that nobody answers is missed; a late answer is none', async () => {
  const { called, ring, meeting, heard } = await calling()
  here.later(46_000)
  assert.equal((await called.call('meetings.ring.answer', { ringId: ring.id, answer: 'accept' })).isMine, false)
  assert.deepEqual(await called.call('meetings.rings', {}), [])
  await here.hub.talks.misses({ meetingId: meeting.id, ringId: ring.id })
  assert.deepEqual(heard(), ['missed'])
  await here.hub.talks.misses({ meetingId: meeting.id, ringId: ring.id })
  assert.deepEqual(heard(), ['missed'])
})

test('who hangs up before anybody came cancels it; who comes in by another way has answered', async () => {
  const first = await calling()
  const { id } = await here.knock(ada, first.meeting)
  await ada.call('meetings.leave', { participantId: id })
  assert.deepEqual(first.heard(), ['cancelled'])

  const second = await calling()
  await here.knock(second.called, second.meeting)
  assert.deepEqual(second.toldCaller(), ['accepted'])
})

test('two who call each other meet', async () => {
  const { called, room, toldCaller } = await calling()
  await called.call('meetings.start', { roomId: room.id })
  assert.deepEqual(toldCaller(), ['accepted'])
  assert.deepEqual(await ada.call('meetings.rings', {}), [])
})

test('a group does not ring', async () => {
  await here.garden(bob)
  assert.deepEqual(await bob.call('meetings.rings', {}), [])
})

test('that a call is over is looked at when it is', async () => {
  const { ring } = await calling()
  const { rows } = await sql<{ runAt: Date }>`
    select run_at from job where kind = 'meetings.ring.miss' and payload->>'ringId' = ${ring.id}`.execute(here.db)
  assert.deepEqual(
    rows.map(({ runAt }) => runAt.toISOString()),
    [ring.until],
  )
})
