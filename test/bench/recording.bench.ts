// Four people, composed and recorded at 1280×720 and 25 pictures a second: what the process that does it costs, and how far
// apart sound and picture are in the file. Each sends what a seat in the picture is large, as a page does whose camera offers
// several sizes.
import { existsSync } from 'node:fs'
import { configFrom } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import { testCluster } from '@atrium/platform/testing/cluster'
import { loadAv } from '@atrium/sfu/egress/av'
import { installedAt } from '@atrium/sfu/egress/install'
import { layout } from '@atrium/sfu/egress/layout'
import { media } from '@atrium/sfu/egress/testing/media'
import { studio } from '@atrium/sfu/egress/testing/studio'
import { lateness, watch } from '@atrium/sfu/egress/testing/watching'
import { placeOf } from '@atrium/sfu/program'
import { report } from './rig.ts'

const settlePictures = 75
const roundPictures = 125
const rounds = 6
const pitches = [500, 700, 900, 1_100]

const config = configFrom({ ...process.env, DATABASE_URL: '', REDIS_URL: '' }, [])
const folder = installedAt(config.cacheDir)
const program = config.media.program ?? placeOf(config.cacheDir).file
if (!folder) throw new Error('needs what recording needs: npm run atrium -- recording')
if (!existsSync(program)) throw new Error('needs the media worker: npm run atrium -- worker')

await loadAv(folder)
const cluster = await testCluster({})
const here = await studio(program, cluster.connection)
const meeting = await here.meeting()
const { meetingId } = meeting.room
const people = []
for (const hertz of pitches)
  people.push(await meeting.enter(`Person ${hertz}`, await media({ width: 640, height: 360, hertz, kbps: 700 }), { jitterMs: 30 }))
here.recording.want(meeting.toRecord(), meeting.room)
const figures = () => here.recording.of(meetingId)?.figures ?? { pictures: 0, skipped: 0, cpuMs: 0, rssBytes: 0 }
const composed = async (pictures: number) => {
  await until(`${pictures} pictures are composed`, () => figures().pictures >= pictures, 120_000)
  return { ...figures(), at: performance.now() }
}

const cores: number[] = []
let before = await composed(settlePictures)
for (let round = 0; round < rounds; round++) {
  const now = await composed(before.pictures + roundPictures)
  cores.push((now.cpuMs - before.cpuMs) / (now.at - before.at))
  before = now
}
const { pictures, skipped, rssBytes } = figures()
here.recording.end(meetingId)
const recorded = await until('the recording is filed', () => here.recorded[0], 20_000)
for (const { sending } of people) sending.stop()

const seats = pitches.map((hertz) => ({ id: `${hertz}`, hasPicture: true, spokeAt: 0 }))
const watched = await watch(await here.fileOf(recorded), [...layout(seats, null).values()])
const apart = pitches.flatMap((hertz, n) => lateness(watched, n, hertz).slice(2).map(Math.abs))
const isReached = report('Recording', [
  { what: 'CPU of composing and recording four people, 1280×720', unit: 'cores', ours: cores, reach: { atMost: 0.6 } },
  { what: 'sound against picture', unit: 'ms', ours: apart, reach: { atMost: 40 } },
  { what: 'memory of the process that composes', unit: 'MB', ours: [rssBytes / 1e6] },
  { what: 'pictures left out', unit: '', ours: [skipped / (pictures + skipped)] },
])
await here.close()
await cluster.close()
process.exit(isReached ? 0 : 1)
