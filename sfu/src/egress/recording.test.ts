import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { existsSync } from 'node:fs'
import { copyFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, inject, test } from 'vitest'
import { newId, Refusal } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import { notRun } from '@atrium/platform/testing/needs'
import type { MeetingId } from '@atrium/protocol'
import { usualProgram, usualRecording } from '../testing/node.ts'
import { loadAv } from './av.ts'
import { layout, type Rect } from './layout.ts'
import { media, type Media } from './testing/media.ts'
import { studio, type Studio } from './testing/studio.ts'
import { lateness, onsets, typical, watch } from './testing/watching.ts'

const program = usualProgram()
const folder = usualRecording()
const patience = { timeout: 180_000 }

/** Where the pictures of so many are, in the order in which they came. */
function placesOf(people: number): Rect[] {
  const seats = Array.from({ length: people }, (_, n) => ({ id: `${n}`, hasPicture: true, spokeAt: 0 }))
  return [...layout(seats, null).values()]
}

if (!folder || !existsSync(program)) notRun('recording', folder ? 'the media worker' : 'node-av')
else
  describe('recording', () => {
    let here: Studio
    let ada: Media
    let bob: Media
    beforeAll(async () => {
      await loadAv(folder)
      ada = await media({ width: 320, height: 180, hertz: 600, kbps: 300 })
      bob = await media({ width: 320, height: 180, hertz: 1_000, kbps: 300 })
      here = await studio(program, inject('cluster'))
    }, 60_000)
    afterAll(() => here?.close(), 60_000)

    test('two people are recorded: pictures that move, both voices, and each voice with its picture', patience, async () => {
      const meeting = await here.meeting()
      const people = [await meeting.enter('Ada', ada, { jitterMs: 50 }), await meeting.enter('Bob', bob)]
      const wish = meeting.toRecord()
      const begun = performance.now()
      here.recording.want(wish, meeting.room)
      const egress = here.recording.of(meeting.room.meetingId)!
      await until('seven seconds are composed', () => (egress.figures?.pictures ?? 0) >= 175, 60_000)
      here.recording.want({ ...wish, record: null }, meeting.room)
      await until('the recording is filed', () => here.recorded.length === 1, 30_000)
      const lasted = (performance.now() - begun) / 1_000
      people.forEach(({ sending }) => sending.stop())

      const [recorded] = here.recorded
      assert.equal(recorded!.name, 'Garden 2026-11-21 14.05.mp4')
      assert.equal(recorded!.folderId, wish.record.folderId)
      const places = placesOf(2)
      const watched = await watch(await here.fileOf(recorded!), places)
      assert.deepEqual([watched.width, watched.height], [1_280, 720])
      // A busy machine composes for longer until it has made so many, and tells how many it made once a second.
      assert.ok(watched.seconds > 5 && watched.seconds < lasted, `${watched.seconds} s of ${lasted} s`)
      for (const [n, hertz] of [600, 1_000].entries()) {
        const numbers = watched.pictures.slice(50).map((picture) => picture.numbers[n]!)
        const moved = numbers.filter((number, i) => i > 0 && number !== numbers[i - 1]).length
        assert.ok(moved > numbers.length * 0.5, `person ${n}: ${moved} of ${numbers.length} pictures are new`)
        assert.ok(onsets(watched.sound, hertz).length >= 4, `person ${n} is heard`)
        const late = lateness(watched, n, hertz)
        assert.ok(late.length >= 3)
        assert.ok(Math.abs(typical(late)) <= 40, `the tones of person ${n} are ${late.join()} ms late`)
      }
    })

    /** Waits until so many more pictures are composed. */
    async function composed(meetingId: MeetingId, pictures: number) {
      const count = () => here.recording.of(meetingId)?.figures?.pictures ?? 0
      const enough = count() + pictures
      await until(`${pictures} more pictures are composed`, () => count() >= enough, 60_000)
    }
    const recordedOf = (meetingId: MeetingId) => here.recorded.filter((recorded) => recorded.meetingId === meetingId)

    test(
      'the picture follows: a camera that is off is a card with the name, a screen is large, who leaves makes room',
      patience,
      async () => {
        const meeting = await here.meeting()
        const { meetingId } = meeting.room
        const first = await meeting.enter('Ada', ada)
        const second = await meeting.enter('Bob', bob)
        here.recording.want(meeting.toRecord(), meeting.room)
        await composed(meetingId, 60)
        await first.peer.pause(first.video, true)
        await composed(meetingId, 50)
        await first.peer.pause(first.video, false)
        const third = await meeting.enter('Cleo 李', bob, { source: 'screen' })
        await composed(meetingId, 75)
        second.peer.close()
        third.peer.close()
        await composed(meetingId, 75)
        here.recording.end(meetingId)
        await until('the recording is filed', () => recordedOf(meetingId).length === 1, 30_000)
        for (const { sending } of [first, second, third]) sending.stop()

        const seats = ['Ada', 'Bob', 'Cleo', 'screen'].map((id) => ({ id, hasPicture: true, spokeAt: 0 }))
        const shared = layout(seats, 'screen')
        const places = [...placesOf(2), shared.get('screen')!, shared.get('Ada')!, ...placesOf(1)]
        const { pictures } = await watch(await here.fileOf(recordedOf(meetingId)[0]!), places)
        const card = pictures.findIndex(({ lumas }) => Math.abs(lumas[0]! - 52) < 4)
        assert.ok(card > 0, 'a card stands where the camera is off')
        const moves = (place: number, from: number) => new Set(pictures.slice(from).map(({ numbers }) => numbers[place])).size
        assert.ok(moves(1, card) > 20, 'the other goes on')
        const isBoth = ({ numbers: [, , screen, beside] }: (typeof pictures)[number]) => screen === beside && screen !== 0
        assert.ok(pictures.filter(isBoth).length > 15, 'the screen is large, with the others beside it')
        assert.ok(new Set(pictures.slice(-25).map(({ numbers }) => numbers[4])).size > 5, 'who is left has all of it')
      },
    )

    test('what composes is killed: two seconds are lost at most, and it goes on in a second part', patience, async () => {
      const meeting = await here.meeting()
      const { meetingId } = meeting.room
      const { sending } = await meeting.enter('Ada', ada)
      here.recording.want(meeting.toRecord(), meeting.room)
      await composed(meetingId, 125)
      const { pid, figures } = here.recording.of(meetingId)!
      const number = Math.floor((performance.timeOrigin + performance.now() - here.zeroMs) / 40)
      process.kill(pid!, 'SIGKILL')
      await until('the first part is filed', () => recordedOf(meetingId).length === 1, 30_000)
      await until(
        'another composes',
        () => here.recording.of(meetingId)!.pid !== undefined && here.recording.of(meetingId)!.pid !== pid,
        30_000,
      )
      await composed(meetingId, 100)
      here.recording.end(meetingId)
      await until('the second part is filed', () => recordedOf(meetingId).length === 2, 30_000)
      sending.stop()

      const [one, two] = recordedOf(meetingId)
      assert.deepEqual([one!.name, two!.name], ['Garden 2026-11-21 14.05.mp4', 'Garden 2026-11-21 14.05 (2).mp4'])
      const before = await watch(await here.fileOf(one!), placesOf(1))
      const last = before.pictures.at(-1)!.numbers[0]!
      // Two seconds of what was composed: what a busy machine leaves out it also leaves out of what the encoder holds back.
      const lost = (number - last + 250) % 250
      const line = 50 + figures!.skipped
      assert.ok(lost <= line, `${lost * 40} ms are lost, with ${figures!.skipped} pictures left out before`)
      const after = await watch(await here.fileOf(two!), placesOf(1))
      assert.ok(after.seconds > 2 && onsets(after.sound, 600).length >= 2)
    })

    test('[R-18] the worker under a recorded meeting dies: the film goes on with it elsewhere, after one gap', patience, async () => {
      const meeting = await here.meeting()
      const { meetingId } = meeting.room
      const before = await meeting.enter('Ada', ada)
      here.recording.want(meeting.toRecord(), meeting.room)
      await composed(meetingId, 100)
      const egress = here.recording.of(meetingId)!
      process.kill(meeting.room.media.worker.pid, 'SIGKILL')
      await until('its room is gone', () => !egress.hasRoom)
      before.sending.stop()
      const again = await here.meeting(meetingId)
      const after = await again.enter('Ada', ada)
      // A sound comes once a second, and a busy machine takes a while until it is in step again.
      await composed(meetingId, 200)
      here.recording.end(meetingId)
      await until('the recording is filed', () => recordedOf(meetingId).length > 0, 30_000)
      after.sending.stop()

      assert.equal(recordedOf(meetingId).length, 1, 'one film')
      const { pictures, sound } = await watch(await here.fileOf(recordedOf(meetingId)[0]!), placesOf(1))
      // From one new picture to the next, once there is one: before that stands a card.
      const fresh = pictures.filter(({ numbers }, i) => i > 0 && numbers[0] !== pictures[i - 1]!.numbers[0]).map(({ at }) => at)
      const gaps = fresh.slice(1).map((at, i) => ({ to: at, seconds: at - fresh[i]! }))
      const seam = gaps.reduce((longest, gap) => (gap.seconds > longest.seconds ? gap : longest))
      const still = gaps.filter(({ seconds }) => seconds > 1.5).map(({ to, seconds }) => `${seconds.toFixed(1)} s until ${to.toFixed(1)}`)
      assert.ok(still.length <= 1, `the pictures stand still for ${still.join(', ')}`)
      assert.ok(fresh.filter((at) => at > seam.to).length > 30, 'it moves afterwards')
      const heard = onsets(sound, 600)
      assert.ok(
        heard.some((at) => at > seam.to),
        `and is heard after ${seam.to} s: ${heard.map((at) => at.toFixed(1)).join(', ')}`,
      )
    })

    test('rubbish and pictures of a monstrous size cost only who sends them', patience, async () => {
      const meeting = await here.meeting()
      const { meetingId } = meeting.room
      const [bad, good] = [await meeting.enter('Mallory', ada), await meeting.enter('Bob', bob)]
      here.recording.want(meeting.toRecord(), meeting.room)
      await composed(meetingId, 75)
      const egress = here.recording.of(meetingId)!
      const { pid, figures } = egress
      bad.sending.is.video = false
      const key = Buffer.from(ada.pictures[0]!)
      key.writeUInt16LE(16_383, 6)
      key.writeUInt16LE(16_383, 8)
      const stranger = createSocket('udp4')
      for (let n = 0; n < 400; n++) {
        bad.sending.show(n % 4 === 0 ? key : n % 4 === 1 ? key.subarray(0, 10 + (n % 40)) : randomBytes(1 + (n % 3_000)))
        stranger.send(randomBytes(12 + (n % 300)), egress.port!, '127.0.0.1')
        if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      await composed(meetingId, 75)
      stranger.close()
      assert.equal(egress.pid, pid)
      assert.ok(egress.figures!.rssBytes < figures!.rssBytes + 100e6, 'it did not grow')
      bad.sending.is.video = true
      await composed(meetingId, 75)
      here.recording.end(meetingId)
      await until('the recording is filed', () => recordedOf(meetingId).length === 1, 30_000)
      for (const { sending } of [bad, good]) sending.stop()

      const { pictures } = await watch(await here.fileOf(recordedOf(meetingId)[0]!), placesOf(2))
      const numbers = (place: number, from: number) => pictures.slice(from).map((picture) => picture.numbers[place]!)
      const others = numbers(1, 50)
      assert.ok(others.filter((number, i) => number !== others[i - 1]).length > others.length * 0.5, 'the other is not disturbed')
      assert.ok(new Set(numbers(0, -25)).size > 5, 'who sent it is seen again with the next good picture')
    })

    test('a recording that a crash left behind is found at the next start, and plays', patience, async () => {
      const meeting = await here.meeting()
      const { meetingId } = meeting.room
      const { sending } = await meeting.enter('Ada', ada)
      here.recording.want(meeting.toRecord('Crashed'), meeting.room)
      await composed(meetingId, 125)
      // As a power cut would leave it: while it is written.
      const folder = join(here.dataDir, 'recordings', 'sfu-1')
      const [about] = (await readdir(folder)).filter((name) => name.endsWith('.json'))
      const id = newId()
      await copyFile(join(folder, about!.replace('.json', '.mp4')), join(folder, `${id}.mp4`))
      await copyFile(join(folder, about!), join(folder, `${id}.json`))
      here.recording.end(meetingId)
      await until('the recording itself is filed', () => recordedOf(meetingId).length === 1, 30_000)
      sending.stop()

      here.begin()
      await until('what was left is filed as well', () => recordedOf(meetingId).length === 2, 45_000)
      const found = recordedOf(meetingId)[1]!
      assert.deepEqual([found.key, found.name], [id, 'Crashed.mp4'])
      const { seconds, sound } = await watch(await here.fileOf(found), placesOf(1))
      assert.ok(seconds > 2 && onsets(sound, 600).length >= 2)
      await until('nothing is left in the folder', async () => (await readdir(folder)).length === 0)
    })

    test('no more meetings are recorded at once than the machine can', patience, async () => {
      const meetings = [await here.meeting(), await here.meeting(), await here.meeting()] as const
      for (const meeting of meetings.slice(0, 2)) here.recording.want(meeting.toRecord(), meeting.room)
      const refused = (error: unknown) =>
        error instanceof Refusal && error.failure.code === 'unavailable' && error.failure.key === 'meetings.recordingFull'
      assert.throws(() => here.recording.want(meetings[2].toRecord(), meetings[2].room), refused)
      const { ended } = here.recording.of(meetings[0].room.meetingId)!
      here.recording.want(meetings[0].wish, meetings[0].room)
      here.recording.want(meetings[2].toRecord(), meetings[2].room)
      for (const { room } of meetings) here.recording.end(room.meetingId)
      await ended
    })
  })
