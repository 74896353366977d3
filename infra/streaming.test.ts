import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { connect, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createServer as createSecureServer } from 'node:tls'
import { afterAll, beforeAll, describe, inject, test } from 'vitest'
import { jsonLog, newId } from '@atrium/platform'
import { certificateFor } from '@atrium/platform/tls'
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
    /** Before that server, under TLS, with a certificate for `localhost` by a maker of our own. */
    let secure: Server
    let dataDir: string
    beforeAll(async () => {
      await loadAv(folder)
      ada = await media({ width: 320, height: 180, hertz, kbps: 300 })
      server = await rtmp()
      dataDir = await mkdtemp(join(tmpdir(), 'atrium-secure-'))
      const config = { dataDir, host: '127.0.0.1', origin: null, tls: { kind: 'local' as const } }
      const certificate = await certificateFor({ config, log: jsonLog('silent'), now: () => new Date() })
      secure = createSecureServer(certificate!.current(), (near) => {
        const far = connect(server.port, '127.0.0.1')
        near.on('error', () => far.destroy()).pipe(far)
        far.on('error', () => near.destroy()).pipe(near)
      }).listen(0, '127.0.0.1')
      certificate!.close()
      here = await studio(usualProgram(), inject('cluster'), { trusted: [await readFile(join(dataDir, 'tls/authority.pem'), 'utf8')] })
    }, 60_000)
    afterAll(async () => {
      await here?.close()
      secure?.close()
      await server?.stop()
      await rm(dataDir, { recursive: true, force: true })
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
        const [good, sealed, dead] = [newId(), newId(), newId()]
        const key = `live_${newId().replaceAll('-', '')}`
        const addresses = [
          `rtmp://localhost:${server.port}/live`,
          `rtmps://localhost:${(secure.address() as AddressInfo).port}/live`,
        ] as const
        const streams = [
          { targetId: good, url: addresses[0], key },
          { targetId: sealed, url: addresses[1], key: `tls_${newId()}` },
          { targetId: dead, url: `rtmp://127.0.0.1:${await freePort()}/live`, key },
        ]
        here.recording.want({ ...meeting.toRecord(), streams }, meeting.room)
        const egress = here.recording.of(meeting.room.meetingId)!
        const composed = async (pictures: number) => {
          const until_ = (egress.figures?.pictures ?? 0) + pictures
          await until(`${pictures} more pictures are composed`, () => (egress.figures?.pictures ?? 0) >= until_, 30_000)
        }
        for (const target of [good, sealed]) await until('the stream is live', () => statesOf(target).at(-1) === 'live', 45_000)
        await composed(150)
        assert.ok(!(await started()).includes(key), 'the key is no argument and in no environment')

        await server.down()
        await until('it is told to be interrupted', () => statesOf(good).includes('interrupted'), 45_000)
        await composed(25)
        await server.up()
        for (const target of [good, sealed]) await until('it is live again', () => statesOf(target).at(-1) === 'live', 45_000)
        await composed(75)
        assert.deepEqual([...new Set(statesOf(dead))].sort(), ['connecting', 'interrupted'])

        here.recording.want(meeting.wish, meeting.room)
        await until('the recording is filed', () => here.recorded.length === 1, 45_000)
        sending.stop()
        const files = await server.files()
        const [plain, underTls] = ['live_', 'tls_'].map((name) => files.filter((file) => basename(file).startsWith(name)))
        assert.deepEqual([plain?.length, underTls?.length], [2, 2])
        const least = new Map([
          [plain![0]!, 4],
          [plain![1]!, 2],
          [underTls![0]!, 4],
          [underTls![1]!, 2],
          [await here.fileOf(here.recorded[0]!), 8],
        ])
        for (const [file, seconds] of least) {
          const watched = await watch(file, alone)
          assert.ok(watched.seconds > seconds, `${file}: ${watched.seconds} s`)
          const numbers = watched.pictures.map((picture) => picture.numbers[0]!)
          assert.ok(numbers.filter((number, i) => number !== numbers[i - 1]).length > numbers.length * 0.5, 'the pictures move')
          assert.ok(onsets(watched.sound, hertz).length >= 2, 'the tone is heard')
          const late = lateness(watched, 0, hertz)
          assert.ok(Math.abs(typical(late)) <= 40, `${file}: the tones are ${late.join()} ms late`)
        }
        assert.deepEqual(new Set(await server.addressedAs()), new Set(addresses), 'servers are told the name by which they are known')
        assert.ok(!here.logged.join('').includes(key), 'the key is in no log')
        assert.match(here.logged.join(''), /"why":"connect ECONNREFUSED/, 'why a stream is interrupted is logged')
      },
    )
  })
