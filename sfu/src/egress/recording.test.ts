import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { configFrom } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import { notRun } from '@atrium/platform/testing/needs'
import { usualProgram } from '../testing/node.ts'
import { loadAv } from './av.ts'
import { installedAt } from './install.ts'
import { layout, type Rect } from './layout.ts'
import { media, type Media } from './testing/media.ts'
import { studio, type Studio } from './testing/studio.ts'
import { lateness, onsets, watch } from './testing/watching.ts'

const program = usualProgram()
const folder = installedAt(configFrom({}, []).cacheDir)
const patience = { timeout: 60_000 }

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
      here = await studio(program)
    }, 60_000)
    afterAll(() => here?.close(), 60_000)

    test('two people are recorded: pictures that move, both voices, and each voice with its picture', patience, async () => {
      const meeting = await here.meeting()
      const people = [await meeting.enter('Ada', ada, { jitterMs: 50 }), await meeting.enter('Bob', bob)]
      const wish = meeting.toRecord()
      here.recording.want(wish, meeting.room)
      const egress = here.recording.of(meeting.room.meetingId)!
      await until('seven seconds are composed', () => (egress.figures?.pictures ?? 0) >= 175, 20_000)
      here.recording.want({ ...wish, record: null }, meeting.room)
      await until('the recording is filed', () => here.recorded.length === 1, 10_000)
      people.forEach(({ sending }) => sending.stop())

      const [recorded] = here.recorded
      assert.equal(recorded!.name, 'Garden 2026-11-21 14.05.mp4')
      assert.equal(recorded!.folderId, wish.record.folderId)
      const places = placesOf(2)
      const watched = await watch(await here.fileOf(recorded!), places)
      assert.deepEqual([watched.width, watched.height], [1_280, 720])
      assert.ok(watched.seconds > 5 && watched.seconds < 12, `${watched.seconds} s`)
      for (const [n, hertz] of [600, 1_000].entries()) {
        const numbers = watched.pictures.slice(50).map((picture) => picture.numbers[n]!)
        const moved = numbers.filter((number, i) => i > 0 && number !== numbers[i - 1]).length
        assert.ok(moved > numbers.length * 0.9, `person ${n}: ${moved} of ${numbers.length} pictures are new`)
        assert.ok(onsets(watched.sound, hertz).length >= 4, `person ${n} is heard`)
        const late = lateness(watched, n, hertz)
        assert.ok(late.length >= 3)
        for (const ms of late.slice(1)) assert.ok(Math.abs(ms) <= 40, `the tone of person ${n} is ${ms} ms late`)
      }
    })
  })
