import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { rtmp, rtmpProgram } from '@atrium/infra/servers'
import { loadAv } from '@atrium/sfu/egress/av'
import { layout } from '@atrium/sfu/egress/layout'
import { watch, type Watched } from '@atrium/sfu/egress/testing/watching'
import { usualRecording } from '@atrium/sfu/testing/node'
import { screen, until, type Screen } from '../harness/browsers.ts'
import { bothInside, choose, comeIn } from './meeting.ts'
import { peopled, screenOf, type Somebody } from './people.ts'
import { scene, story } from './scene.ts'

const tool = usualRecording()
const missing = [!tool && 'node-av', !rtmpProgram() && 'libnginx-mod-rtmp'].filter(Boolean).join(', ') || undefined
const places = [
  ...layout(
    ['one', 'other'].map((id) => ({ id, hasPicture: true, spokeAt: 0 })),
    null,
  ).values(),
]
const title = 'Harbour Bath'

scene(
  'a recorded meeting',
  (stage) => {
    let ada: Somebody
    let host: Screen
    let member: Screen
    let meeting: { slug: string; roomId: string }
    let folder: string
    beforeAll(async () => {
      await loadAv(tool!)
      folder = await mkdtemp(join(tmpdir(), 'atrium-films-'))
      const people = await peopled(stage.hub)
      ;({ ada } = people)
      meeting = await ada.call('meetings.create', { clientId: randomUUID(), title })
      await ada.call('chat.room.invite', {
        clientId: randomUUID(),
        roomId: meeting.roomId as never,
        accountIds: [people.bob.accountId as never],
      })
      host = await screenOf(stage.browser, ada, stage.hub.url)
      member = await screenOf(stage.browser, people.bob, stage.hub.url)
      await bothInside(host, member, meeting.slug)
    })
    afterAll(() => rm(folder, { recursive: true, force: true }))
    const chip = (page: Page, words: string) => page.getByText(words, { exact: true }).first()
    const onBoth = (words: string, state: 'visible' | 'detached') =>
      Promise.all([host, member].map(({ page }) => chip(page, words).waitFor({ state })))

    story('a host records: everybody sees it, and the film that lands in the room moves and sounds', async () => {
      await choose(host.page, 'Record')
      const begunAt = performance.now()
      await onBoth('Recording', 'visible')
      const stranger = await screen(stage.browser, stage.hub.url)
      await stranger.page.goto(`/m/${meeting.slug}`)
      await stranger.page.getByText('This meeting is being recorded. Coming in means that you agree to it.').waitFor()
      await stranger.page.context().close()
      await until('twelve seconds are over', () => performance.now() - begunAt > 12_000)
      await choose(host.page, 'Stop recording')
      const seconds = (performance.now() - begunAt) / 1_000
      await onBoth('Recording', 'detached')

      await member.page.getByRole('button', { name: 'Chat', exact: true }).click()
      const bring = member.page.getByRole('button', { name: new RegExp(`^Download ${title} .*\\.mp4$`) })
      await bring.waitFor()
      const [download] = await Promise.all([member.page.waitForEvent('download'), bring.click()])
      const file = join(folder, download.suggestedFilename())
      await download.saveAs(file)
      const { id } = await ada.call('files.room', { roomId: meeting.roomId as never })
      const { files } = await ada.call('files.list', { folderId: id })
      assert.deepEqual(
        files.map(({ name, bytes }) => [name, bytes]),
        [[download.suggestedFilename(), (await stat(file)).size]],
      )
      const watched = await watch(file, places)
      isAFilm(watched)
      console.log(
        `recorded, ${stage.hub.name}: a film of ${watched.seconds.toFixed(1)} s, of ${seconds.toFixed(1)} s between the two clicks`,
      )
      // What composes it takes a moment to begin, and long on a busy machine.
      assert.ok(watched.seconds > seconds - 9 && watched.seconds < seconds + 1, `${watched.seconds} of ${seconds} s`)
    })

    story('a host streams: a real server gets it, and nobody is shown the key again', async () => {
      const server = await rtmp()
      onTestFinished(() => server.stop())
      const key = `sk-${randomUUID()}`
      const dialog = host.page.getByRole('dialog')
      await choose(host.page, 'Stream')
      await dialog.getByLabel('Name', { exact: true }).fill('Town channel')
      await dialog.getByLabel('Address').fill(server.url)
      await dialog.getByLabel('Stream key').fill(key)
      await dialog.getByRole('button', { name: 'Add', exact: true }).click()
      await dialog.getByText(`${server.url} · …${key.slice(-2)}`).waitFor()
      await dialog.getByRole('button', { name: 'Go live' }).click()
      await onBoth('Live', 'visible')
      const received = async () => {
        const [file] = await server.files()
        return file && (await stat(file)).size > 400_000 ? file : undefined
      }
      await until('the server has some seconds of it', received)
      await dialog.getByRole('button', { name: 'Stop' }).click()
      await onBoth('Live', 'detached')
      await until('the server has the end of it', async () => (await server.addressedAs()).length > 0)
      const [film] = await server.files()
      isAFilm(await watch(film!, places))

      // Anew, from the hub.
      await dialog.getByRole('button', { name: 'Close' }).click()
      const said: Promise<string>[] = []
      host.page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => said.push(Promise.resolve(`${payload}`))))
      host.page.on('response', (response) => said.push(response.text().catch(() => '')))
      await comeIn(host.page, meeting.slug)
      await choose(host.page, 'Stream')
      await dialog.getByText(`${server.url} · …${key.slice(-2)}`).waitFor()
      const all = [await host.page.content(), ...(await Promise.all(said))].join('\n')
      assert.ok(all.includes(server.url) && !all.includes(key), 'the key is on no page')
      assert.ok(!stage.hub.output().includes(key), 'the key is in no log')
    })
  },
  { missing, env: { ATRIUM_STREAM_TO: '127.0.0.1' } },
)

/** Both people move in it, and it sounds: Chromium's devices show a clock that runs, and beep each second. */
function isAFilm({ pictures, sound, seconds, width, height }: Watched): void {
  assert.deepEqual([width, height], [1_280, 720])
  for (const [n] of places.entries()) {
    const moved = pictures.filter(({ prints }, at) => at > 0 && prints[n] !== pictures[at - 1]!.prints[n]).length
    assert.ok(moved > seconds * 1.5, `person ${n} moved ${moved} times in ${seconds} s`)
  }
  const rate = sound.length / seconds
  const loud = Array.from({ length: Math.floor(seconds) }, (_, second) =>
    sound.subarray(second * rate, (second + 1) * rate).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0),
  )
  const heard = loud.filter((most) => most > 0.01).length
  assert.ok(heard >= loud.length - 2, `it sounds in ${heard} of ${loud.length} seconds`)
}
