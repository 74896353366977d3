import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, inject, test } from 'vitest'
import { newId } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import { notRun } from '@atrium/platform/testing/needs'
import { loadAv } from '@atrium/sfu/egress/av'
import { layout } from '@atrium/sfu/egress/layout'
import { media, type Media } from '@atrium/sfu/egress/testing/media'
import { studio, type Studio } from '@atrium/sfu/egress/testing/studio'
import { lateness, onsets, typical, watch } from '@atrium/sfu/egress/testing/watching'
import { usualProgram, usualRecording } from '@atrium/sfu/testing/node'
import { freePort, rtmp, rtmpProgram } from './servers/index.ts'

const folder = usualRecording()
const missing = [!folder && 'node-av', !existsSync(usualProgram()) && 'the media worker', !rtmpProgram() && 'libnginx-mod-rtmp']
const alone = [...layout([{ id: 'one', hasPicture: true, spokeAt: 0 }], null).values()]
const hertz = 700

if (!folder || missing.some(Boolean)) notRun('streaming', missing.filter(Boolean).join(', '))
else
  describe('streaming', () => {
    let here: Studio
    let ada: Media
    let server: Awaited<ReturnType<typeof rtmp>>
    beforeAll(async () => {
      await loadAv(folder)
      ada = await media({ width: 320, height: 180, hertz, kbps: 300 })
      here = await studio(usualProgram(), inject('cluster'))
      server = await rtmp()
    }, 60_000)
    afterAll(async () => {
      await here?.close()
      await server?.stop()
    }, 60_000)
    const statesOf = (targetId: string) => here.streams.filter((said) => said.targetId === targetId).map(({ state }) => state)

    /** Everything that processes of this machine were started with. */
    async function started(): Promise<string> {
      const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
      const said = all.flatMap((pid) => ['cmdline', 'environ'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')))
      return (await Promise.all(said)).join('\n')
    }

    test(
      'a stream goes to a real server, breaks off with it and comes back; a dead one holds up nobody',
      { timeout: 180_000 },
      async () => {
        const meeting = await here.meeting()
        const { sending } = await meeting.enter('Ada', ada)
        const [good, dead] = [newId(), newId()]
        const key = `live_${newId().replaceAll('-', '')}`
        const streams = [
          { targetId: good, url: server.url, key },
          { targetId: dead, url: `rtmp://127.0.0.1:${await freePort()}/live`, key },
        ]
        here.recording.want({ ...meeting.toRecord(), streams }, meeting.room)
        const egress = here.recording.of(meeting.room.meetingId)!
        const composed = async (pictures: number) => {
          const until_ = (egress.figures?.pictures ?? 0) + pictures
          await until(`${pictures} more pictures are composed`, () => (egress.figures?.pictures ?? 0) >= until_, 30_000)
        }
        await until('the stream is live', () => statesOf(good).at(-1) === 'live', 45_000)
        await composed(150)
        assert.ok(!(await started()).includes(key), 'the key is no argument and in no environment')

        await server.down()
        await until('it is told to be interrupted', () => statesOf(good).includes('interrupted'), 45_000)
        await composed(25)
        await server.up()
        await until('it is live again', () => statesOf(good).at(-1) === 'live', 45_000)
        await composed(75)
        assert.deepEqual([...new Set(statesOf(dead))].sort(), ['connecting', 'interrupted'])

        here.recording.want(meeting.wish, meeting.room)
        await until('the recording is filed', () => here.recorded.length === 1, 45_000)
        sending.stop()
        const files = await server.files()
        assert.equal(files.length, 2)
        for (const [n, file] of [...files, await here.fileOf(here.recorded[0]!)].entries()) {
          const watched = await watch(file, alone)
          assert.ok(watched.seconds > [4, 2, 8][n]!, `${file}: ${watched.seconds} s`)
          const numbers = watched.pictures.map((picture) => picture.numbers[0]!)
          assert.ok(numbers.filter((number, i) => number !== numbers[i - 1]).length > numbers.length * 0.5, 'the pictures move')
          assert.ok(onsets(watched.sound, hertz).length >= 2, 'the tone is heard')
          const late = lateness(watched, 0, hertz)
          assert.ok(Math.abs(typical(late)) <= 40, `${file}: the tones are ${late.join()} ms late`)
        }
        assert.ok(!here.logged.join('').includes(key), 'the key is in no log')
      },
    )
  })
