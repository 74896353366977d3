import assert from 'node:assert/strict'
import { test } from 'vitest'
import { newId, Refusal } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import type { MediaState, MeetingId } from '@atrium/protocol'
import { knock } from './stun.ts'
import { withMediaNode, type MediaNode } from './testing/node.ts'

/** What ends what: the table in sfu/README.md, a test for each row. */

let hub: MediaNode
withMediaNode({ patience: { silentMs: 1_000, hungUpMs: 500, tickMs: 50 }, env: { ATRIUM_MEDIA_WORKERS: '2' } }, (node) => (hub = node))

const refused = (code: string) => (error: unknown) => error instanceof Refusal && error.failure.code === code
const consumers = async () => (await hub.metrics.render()).text.match(/^atrium_media_consumers (\d+)$/m)?.[1]
const goneOf = (participantId: string) => hub.told.filter((news) => news.operation === 'gone' && news.participantId === participantId)
const inside = refused('not_found')

/** Alice sends camera and microphone, bob receives both. Their pages knock, so that the node hears of them. */
async function pair(meetingId = newId() as MeetingId) {
  const heard = hub.hear(meetingId)
  const alice = await hub.enter(meetingId)
  const camera = (await alice.produce('camera')).producerId
  const microphone = (await alice.produce('microphone')).producerId
  const bob = await hub.enter(meetingId)
  const received = (await bob.call('media.consume', { producerIds: [camera, microphone] })).consumers
  const last = () =>
    heard
      .filter(({ name }) => name === 'media.changing')
      .flatMap(({ payload }) => (payload as { state: MediaState | null }).state ?? [])
      .at(-1)
  return { meetingId, heard, alice, bob, camera, microphone, received, last }
}
type Pair = Awaited<ReturnType<typeof pair>>
const connect = ({ joined }: Pair['alice']) => {
  const [candidate] = joined.receive.iceCandidates as { address: string; port: number; protocol: string }[]
  const { usernameFragment, password } = joined.receive.iceParameters as { usernameFragment: string; password: string }
  return knock({ address: candidate!.address, port: candidate!.port, usernameFragment, password })
}
/** As the pages of both do while they are there. */
function alive(...pages: Pair['alice'][]) {
  const timer = setInterval(() => pages.forEach((page) => void page.look().catch(() => undefined)), 100)
  return () => clearInterval(timer)
}

test('a consumer is released: it alone', async () => {
  const { alice, bob, received } = await pair()
  const before = Number(await consumers())
  await bob.call('media.release', { consumerIds: [received[0]!.id] })
  assert.equal(Number(await consumers()), before - 1)
  assert.equal((await alice.look()).producers.length, 2)
})

test('a producer is closed: those who receive it receive it no more, and all hear', async () => {
  const { alice, bob, camera, last } = await pair()
  const before = Number(await consumers())
  await alice.call('media.close', { producerId: camera })
  await until('the consumer is gone too', async () => Number(await consumers()) === before - 1)
  await until('everybody hears', () => last()?.producers.length === 1)
  assert.deepEqual((await bob.call('media.consume', { producerIds: [camera] })).consumers, [])
})

test('a second source of the same kind takes the place of the first', async () => {
  const { alice, camera } = await pair()
  const { producerId } = await alice.produce('camera')
  const cameras = (await alice.look()).producers.filter(({ source }) => source === 'camera')
  assert.deepEqual(
    cameras.map(({ id }) => id),
    [producerId],
  )
  assert.notEqual(producerId, camera)
})

test('a participant is put out: what they sent and received ends, the page is nobody, and the server is not told what it asked for', async () => {
  const { alice, bob, meetingId, last } = await pair()
  const before = Number(await consumers())
  await hub.ask('media.expel', { meetingId, participantIds: [alice.participantId] })
  await until('bob receives nothing', async () => Number(await consumers()) === before - 2)
  await until('all hear', () => last()?.participants.length === 1)
  await assert.rejects(alice.look(), inside)
  await bob.look()
  assert.deepEqual(goneOf(alice.participantId), [])
})

test('the same participant again: the earlier page ends, the participant does not', async () => {
  const { alice, bob, meetingId } = await pair()
  const again = await hub.enter(meetingId, alice.who)
  await assert.rejects(alice.look(), inside)
  assert.deepEqual((await bob.look()).participants.toSorted(), [again.participantId, bob.participantId].toSorted())
  assert.deepEqual(goneOf(alice.participantId), [])
})

test('nothing is heard of a page: its participant has timed out, and the server is told', async () => {
  const { alice, bob } = await pair()
  const stop = alive(bob)
  await until('alice has timed out', () => goneOf(alice.participantId)[0]?.why === 'timed_out')
  assert.deepEqual((await bob.look()).participants, [bob.participantId])
  stop()
})

test('whose network is heard of stays, though the page asks nothing', async () => {
  const { alice, bob } = await pair()
  assert.ok(await connect(alice))
  const stop = alive(bob)
  await until('a page that neither asks nor is heard would be gone', async () => {
    const other = await hub.enter(newId() as MeetingId)
    return until('it is', () => goneOf(other.participantId).length > 0).then(() => true)
  })
  assert.equal((await bob.look()).participants.length, 2)
  stop()
})

test('the last one goes: the room goes, and the next finds a new one under higher numbers', async () => {
  const { alice, bob, meetingId } = await pair()
  const { version } = await alice.look()
  await hub.ask('media.expel', { meetingId, participantIds: [alice.participantId, bob.participantId] })
  await until('the room is gone', async () => (await hub.ask('media.state', { meetingId })) === null)
  const carol = await hub.enter(meetingId)
  assert.ok(carol.joined.state.version > version)
})

test('the meeting ends: everybody is out, nobody is told to be gone', async () => {
  const { alice, bob, meetingId } = await pair()
  await hub.ask('media.end', { meetingId })
  for (const one of [alice, bob]) await assert.rejects(one.look(), inside)
  assert.equal(await hub.ask('media.state', { meetingId }), null)
  assert.deepEqual([...goneOf(alice.participantId), ...goneOf(bob.participantId)], [])
})

test('a worker dies: its meetings are lost, their people are asked to enter again and are the same when they do', async () => {
  const { alice, bob, meetingId, heard } = await pair()
  const elsewhere = await hub.enter(newId() as MeetingId)
  const before = await alice.look()
  await hub.killWorkerOf(alice)
  await until('all hear', () => heard.some(({ name }) => name === 'media.lost'))
  await assert.rejects(bob.look(), inside)
  await elsewhere.look()
  const again = await hub.enter(meetingId, alice.who)
  assert.equal(again.participantId, alice.participantId)
  assert.ok(again.joined.state.version > before.version)
  const stop = alive(again)
  await until('bob did not come back', () => goneOf(bob.participantId)[0]?.why === 'timed_out')
  assert.deepEqual(goneOf(alice.participantId), [])
  stop()
})

const rights: [string, (who: Pair['alice'], meetingId: MeetingId) => object, string[]][] = [
  ['a locked person', ({ accountId }) => ({ kind: 'account', accountId, reason: 'locked' }), ['removed']],
  [
    'an ended session',
    ({ accountId, sessionId }) => ({ kind: 'session', accountId, sessionIds: [sessionId], reason: 'signed_out' }),
    ['left'],
  ],
  ['a lost seat in the room', ({ accountId, roomId }) => ({ kind: 'seat', accountId, roomId, toSeq: 7 }), ['removed']],
  [
    'a participant put out',
    ({ accountId, participantId }, meetingId) => ({ kind: 'participant', accountId, meetingId, participantId, isOut: true }),
    [],
  ],
]
test.each(rights)('%s is out at once, and a ticket from before lets nobody in', async (_what, revoked, why) => {
  const { alice, bob, meetingId } = await pair()
  const ticket = await hub.sign({ ...alice.who, meetingId })
  await hub.revoke(revoked(alice, meetingId))
  await until('alice is out', () => alice.look().then(() => false, inside))
  await assert.rejects(hub.ask('media.join', { ...alice.by, input: { clientId: newId(), meetingId, ticket } }), refused('forbidden'))
  await bob.look()
  await until('the server knows', () => goneOf(alice.participantId).length === why.length)
  assert.deepEqual(
    goneOf(alice.participantId).map((news) => news.why),
    why,
  )
})

test('a right that has nothing to do with the meeting ends nothing', async () => {
  const { alice, meetingId } = await pair()
  const { accountId, participantId } = alice
  await hub.revoke({ kind: 'seat', accountId, roomId: newId(), toSeq: 7 })
  await hub.revoke({ kind: 'session', accountId, sessionIds: [newId()], reason: 'signed_out' })
  await hub.revoke({ kind: 'participant', accountId, meetingId, participantId, isOut: false })
  await hub.revoke({ kind: 'account', accountId: newId(), reason: 'locked' })
  await alice.look()
})

test('the node drains: every meeting is to go on elsewhere, and no new one begins here', async () => {
  const { alice, heard, meetingId } = await pair()
  const ticket = await hub.sign({ meetingId })
  await hub.service.drain()
  assert.ok(heard.some(({ name }) => name === 'media.lost'))
  assert.equal(await hub.placement.find(`meeting:${meetingId}`), undefined)
  const { accountId, sessionId } = alice
  await assert.rejects(
    hub.ask('media.join', { accountId, sessionId, input: { clientId: newId(), meetingId, ticket } }),
    refused('forbidden'),
  )
})
