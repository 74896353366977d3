import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { sql } from 'kysely'
import { test } from 'vitest'
import { newId } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import type { AccountId, FileId, MeetingId, RoomId } from '@atrium/protocol'
import { password } from '../directory/testing/house.ts'
import { seal, unseal } from '@atrium/platform/sealing'
import { withHouse, type House, type Someone } from './testing/house.ts'

let here: House
let ada: Someone
let bob: Someone
withHouse((house) => {
  here = house
  ;({ ada, bob } = here)
})

/** A host inside, at the media node. */
async function hosting() {
  const garden = await here.garden(bob)
  return { ...garden, host: await here.inside(ada, garden.meeting) }
}
const place = { name: 'The town channel', url: 'rtmp://live.example.org/app', key: 'sk-very-secret-key-42' }
/** A recording that was made, its bytes where a media node leaves them. */
async function finished(meetingId: MeetingId, { folderId, accountId, name }: Wanted, film: string) {
  const bytes = Buffer.from(film)
  const key = newId()
  await here.blobs.put(key, Readable.from([bytes]))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { meetingId, folderId, accountId, name: `${name}.mp4`, key, bytes: bytes.length, sha256, type: 'video/mp4' }
}
type Wanted = { folderId: FileId; accountId: AccountId; name: string }
const egress = () => here.node.told.filter(({ operation }) => operation === 'media.egress').at(-1)?.input

test('[MEET-14] a key is kept sealed, and never given out', async () => {
  const { meetingId } = await hosting()
  const clientId = crypto.randomUUID()
  const target = await ada.call('meetings.target.add', { meetingId, ...place, clientId })
  assert.deepEqual({ ...target, id: '' }, { id: '', name: place.name, url: place.url, keyEnds: '42' })
  assert.deepEqual(await ada.call('meetings.target.add', { meetingId, ...place, clientId }), target)
  assert.deepEqual(await ada.call('meetings.targets', { meetingId }), [target])
  assert.equal((await bob.refusal('meetings.targets', { meetingId })).key, 'meetings.onlyHosts')
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`.execute(here.db)
  for (const { name } of tables) {
    const { rows } =
      await sql`select from ${sql.table(name)} as t where t::text like ${`%${place.key}%`} or t::text like ${`%${Buffer.from(place.key).toString('hex')}%`}`.execute(
        here.db,
      )
    assert.equal(rows.length, 0, `${name} holds the key`)
  }
})

test('what is sealed opens with its key and for its own row alone', () => {
  const key = Buffer.alloc(32, 7)
  const sealed = seal(key, 'a secret', 'row 1')
  assert.equal(unseal(key, sealed, 'row 1'), 'a secret')
  assert.throws(() => unseal(key, sealed, 'row 2'))
  assert.throws(() => unseal(Buffer.alloc(32, 8), sealed, 'row 1'))
  for (const i of [0, 13, sealed.length - 1]) {
    const changed = Buffer.from(sealed)
    changed[i]! ^= 1
    assert.throws(() => unseal(key, changed, 'row 1'))
  }
  assert.notDeepEqual(seal(key, 'a secret', 'row 1'), sealed)
})

test('nothing is streamed to an address that is not public, unless an administrator allows it', async () => {
  const { meetingId } = await hosting()
  const add = (url: string) => ada.ask('meetings.target.add', { meetingId, ...place, url })
  for (const url of [
    'rtmp://127.0.0.1/live',
    'rtmp://169.254.169.254/live',
    'rtmp://internal.example.org/live',
    'rtmp://[::1]/live',
    'rtmp://10.0.0.1/live',
  ]) {
    const reply = await add(url)
    assert.equal(reply.ok ? 'added' : reply.error.key, 'meetings.targetNotPublic', url)
  }
  assert.ok((await add('rtmp://10.9.1.2:1935/live')).ok)
  assert.equal((await add('http://live.example.org/app')).ok, false)
  for (let n = 1; n < 10; n++) assert.ok((await add(`rtmp://live.example.org/${n}`)).ok)
  const eleventh = await add('rtmp://live.example.org/more')
  assert.equal(eleventh.ok ? '' : eleventh.error.key, 'meetings.tooManyTargets')
})

test('a host streams, everybody sees it, and the node gets the key', async () => {
  const { meetingId, host } = await hosting()
  const target = await ada.call('meetings.target.add', { meetingId, ...place })
  const member = await here.knock(bob, { id: meetingId } as never)
  assert.equal((await bob.refusal('meetings.stream', { meetingId, targetId: target.id, isOn: true })).key, 'meetings.onlyHosts')
  const heard = here.hear(`meeting:${meetingId}`)
  const meeting = await ada.call('meetings.stream', { meetingId, targetId: target.id, isOn: true })
  assert.deepEqual(meeting.streams, [{ targetId: target.id, name: place.name, state: 'connecting' }])
  assert.deepEqual(egress(), {
    ...{ meetingId, record: null, streams: [{ targetId: target.id, url: place.url, key: place.key }] },
    names: { [host.id]: 'Ada Lindqvist', [member.id]: 'Bob' },
  })
  assert.deepEqual(heard.at(-1)?.payload, meeting)
  await here.says('meetings.stream.state', { meetingId, targetId: target.id, state: 'live' })
  assert.equal((await bob.call('meetings.view', { meetingId })).meeting.streams[0]?.state, 'live')
  await here.joins(member)
  await ada.call('meetings.stream', { meetingId, targetId: target.id, isOn: false })
  assert.deepEqual(egress()?.streams, [])
  await here.says('meetings.stream.state', { meetingId, targetId: target.id, state: 'live' })
  assert.deepEqual((await bob.call('meetings.view', { meetingId })).meeting.streams, [], 'what was switched off stays off')
  await ada.call('meetings.target.remove', { meetingId, targetId: target.id })
  assert.deepEqual(await ada.call('meetings.targets', { meetingId }), [])
})

test('[MEET-15] whoever closes their account takes their places to stream to along, also out of a stream that runs', async () => {
  const finn = await here.colleague(ada, 'Finn')
  const { meeting, meetingId } = await here.garden(finn)
  await here.inside(ada, meeting)
  const { id: part } = await here.inside(finn, meeting)
  await ada.call('meetings.host', { meetingId, participantId: part, isHost: true })
  const [mine, theirs] = [
    await ada.call('meetings.target.add', { meetingId, ...place }),
    await finn.call('meetings.target.add', { meetingId, ...place, name: 'My own' }),
  ]
  for (const { id: targetId } of [mine, theirs]) await ada.call('meetings.stream', { meetingId, targetId, isOn: true })
  here.hub.talks.work(here.queue)
  await finn.call('directory.account.delete', { password, messages: 'keep' })
  await until('it is streamed to one place', () => egress()?.streams.length === 1)
  assert.deepEqual(await ada.call('meetings.targets', { meetingId }), [mine])
  assert.deepEqual((await ada.call('meetings.view', { meetingId })).meeting.streams.map(({ targetId }) => targetId), [mine.id]) // prettier-ignore
})

test('the file of a recording is not named after who was there: it would keep names that are to be forgotten', async () => {
  const { room } = await ada.call('chat.direct', { accountId: bob.accountId })
  const meeting = await ada.call('meetings.start', { roomId: room.id })
  await here.inside(ada, meeting)
  await ada.call('meetings.record', { meetingId: meeting.id, isOn: true })
  assert.match(egress()!.record!.name, /^\d{4}-\d\d-\d\d \d\d\.\d\d$/)
})

test('what cannot be recorded is refused with the reason, and nobody sees a recording', async () => {
  const { meetingId } = await hosting()
  const { ready } = here.node
  for (const [state, key] of [
    ['off', 'meetings.recordingOff'],
    ['preparing', 'meetings.recordingPreparing'],
  ] as const) {
    ready.recording = state
    assert.equal((await ada.refusal('meetings.record', { meetingId, isOn: true })).key, key)
  }
  ready.recording = 'ready'
  ready.isFull = true
  const full = await ada.refusal('meetings.record', { meetingId, isOn: true })
  assert.deepEqual([full.code, full.key, full.params], ['conflict', 'meetings.recordingFull', { most: 2 }], 'nobody’s client asks again')
  ready.isFull = false
  assert.equal((await ada.call('meetings.view', { meetingId })).meeting.recording, null)
  assert.equal((await bob.refusal('meetings.recording.prepare', {})).key, 'directory.onlyAdministrators')
  await ada.call('meetings.recording.prepare', {})
  assert.equal(here.node.told.at(-1)?.operation, 'media.recording.prepare')
})

test('[MEET-10] a host records: everybody sees it, who comes in agrees first, and the file is shown in the room', async () => {
  const { meeting, meetingId, roomId, host } = await hosting()
  const recorded = await ada.call('meetings.record', { meetingId, isOn: true })
  assert.equal(recorded.recording?.by, ada.accountId)
  const wanted = egress()!.record
  assert.match(wanted.name, /^Garden \d{4}-\d\d-\d\d \d\d\.\d\d$/)
  assert.equal((await here.somebody().call('meetings.peek', { slug: meeting.slug })).isRecorded, true)

  assert.equal((await bob.refusal('meetings.knock', { meetingId })).key, 'meetings.isRecorded')
  const member = await here.knock(bob, meeting, { agreesToRecording: true })
  assert.equal((await bob.refusal('meetings.enter', { participantId: member.id })).key, 'meetings.isRecorded')
  await bob.call('meetings.enter', { participantId: member.id, agreesToRecording: true })
  await ada.call('meetings.enter', { participantId: host.id })
  await here.joins(member)
  assert.equal(egress()!.names[member.id], 'Bob', 'who comes in is named in the picture')

  await ada.call('meetings.record', { meetingId, isOn: false })
  assert.equal(egress()!.record, null)
  const { folderId, name } = wanted
  const { fileId } = await here.says('meetings.recorded', await finished(meetingId, wanted, 'a film'))
  const { view } = await bob.call('chat.open', { roomId })
  assert.deepEqual(
    view.messages.at(-1)?.files.map(({ id, name }) => [id, name]),
    [[fileId, `${name}.mp4`]],
  )
  assert.deepEqual(
    (await bob.call('files.list', { folderId })).files.map(({ id }) => id),
    [fileId],
  )
})

/** Carol, who is in the room and a host, records, and stops. */
async function recordedBy(carol: Someone) {
  const { meeting, meetingId, roomId } = await here.garden(bob, carol)
  await here.knock(ada, meeting)
  const host = await here.knock(carol, meeting)
  await ada.call('meetings.host', { meetingId, participantId: host.id, isHost: true })
  await carol.call('meetings.enter', { participantId: host.id })
  await here.joins(host)
  await carol.call('meetings.record', { meetingId, isOn: true })
  const wanted = egress()!.record as Wanted
  await carol.call('meetings.record', { meetingId, isOn: false })
  return { meetingId, roomId, wanted }
}
const filesIn = async (folderId: FileId) => (await ada.call('files.list', { folderId })).files

test('a recording is filed also when who recorded is locked by then, or has left the room', async () => {
  for (const [name, goes] of [
    ['Lou', (lou: Someone) => ada.call('directory.person.change', { accountId: lou.accountId, status: 'locked' })],
    ['Lea', (lea: Someone, roomId: RoomId) => lea.call('chat.room.leave', { roomId })],
  ] as const) {
    const one = await here.colleague(ada, name)
    const { meetingId, roomId, wanted } = await recordedBy(one)
    await goes(one, roomId)
    const { fileId } = await here.says('meetings.recorded', await finished(meetingId, wanted, `a film of ${name}`))
    assert.deepEqual(
      (await filesIn(wanted.folderId)).map(({ id, changedBy }) => [id, changedBy]),
      [[fileId, ada.accountId]],
    )
    const said = (await bob.call('chat.open', { roomId })).view.messages.at(-1)
    assert.deepEqual([said?.authorId, said?.files.map(({ id }) => id)], [ada.accountId, [fileId]])
  }
})

test('in a room that was archived meanwhile nobody says it, and it is filed', async () => {
  const { meetingId, roomId, wanted } = await recordedBy(await here.colleague(ada, 'Leo'))
  await ada.call('chat.room.change', { roomId, isArchived: true })
  const { fileId } = await here.says('meetings.recorded', await finished(meetingId, wanted, 'a film of then'))
  assert.deepEqual(
    (await filesIn(wanted.folderId)).map(({ id }) => id),
    [fileId],
  )
})

test('a recording that is told of again is filed once: days later, and when it was deleted for ever', async () => {
  const { meetingId, roomId, wanted } = await recordedBy(await here.colleague(ada, 'Liv'))
  const done = await finished(meetingId, wanted, 'a film twice')
  const { fileId } = await here.says('meetings.recorded', done)
  const messages = async () => (await bob.call('chat.open', { roomId })).view.messages.length
  const before = await messages()
  const again = async () => {
    await here.blobs.put(done.key, Readable.from([Buffer.from('a film twice')]))
    assert.deepEqual(await here.says('meetings.recorded', done), { fileId })
    assert.equal(await messages(), before)
  }
  here.later(2 * 24 * 3_600_000)
  await here.hub.cabinet.sweepUploads()
  await again()
  assert.equal((await filesIn(wanted.folderId)).length, 1)
  assert.ok(await here.blobs.stat(done.key))

  await ada.call('files.trash', { fileIds: [fileId] })
  await ada.call('files.delete', { fileIds: [fileId] })
  await again()
  assert.deepEqual(await filesIn(wanted.folderId), [])
})
