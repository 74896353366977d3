import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { beforeAll } from 'vitest'
import { until } from '@atrium/platform/testing'
import type { Screen } from '../harness/browsers.ts'
import { framesSeen } from '../harness/watching.ts'
import { bothInside, sees, tileOf } from './meeting.ts'
import { peopled, screenOf } from './people.ts'
import { scene, story } from './scene.ts'

/** Browsers have no way to unplug what they only pretend to have: as if it were, for whoever asks in this page. */
const unplugging = `(() => {
  const { getUserMedia, enumerateDevices } = MediaDevices.prototype
  const cameras = []
  let isThere = true
  MediaDevices.prototype.getUserMedia = async function (asked) {
    if (asked.video && !isThere) throw new DOMException('', 'NotFoundError')
    const stream = await getUserMedia.call(this, asked)
    cameras.push(...stream.getVideoTracks())
    return stream
  }
  MediaDevices.prototype.enumerateDevices = async function () {
    return (await enumerateDevices.call(this)).filter(({ kind }) => isThere || kind !== 'videoinput')
  }
  globalThis.unplug = (hasAnother) => {
    isThere = hasAnother
    for (const track of cameras.splice(0)) {
      track.stop()
      track.dispatchEvent(new Event('ended'))
    }
    navigator.mediaDevices.dispatchEvent(new Event('devicechange'))
  }
  globalThis.plugIn = () => {
    isThere = true
    navigator.mediaDevices.dispatchEvent(new Event('devicechange'))
  }
})()`

scene('screens and cameras', (stage) => {
  let host: Screen
  let other: Screen
  beforeAll(async () => {
    const { ada, bob } = await peopled(stage.hub)
    const { slug, roomId } = await ada.call('meetings.create', { clientId: randomUUID(), title: 'Harbour Bath' })
    await ada.call('chat.room.invite', { clientId: randomUUID(), roomId, accountIds: [bob.accountId as never] })
    host = await screenOf(stage.browser, ada, stage.hub.url)
    other = await screenOf(stage.browser, bob, stage.hub.url)
    await other.page.addInitScript(unplugging)
    await bothInside(host, other, slug)
  })

  story('a shared screen is large on the screens of the others, moves, and goes when sharing ends', async () => {
    await host.page.getByRole('button', { name: 'Share your screen' }).click()
    await host.page.getByText('Everyone sees your screen.').waitFor()
    const shared = other.page.getByLabel('Screen of Ada Stork', { exact: true })
    await shared.waitFor({ timeout: 30_000 })
    const moved = await framesSeen(shared, 20)
    assert.ok(moved >= 5, `${moved} of 20 frames differ`)
    const [large, small] = [await shared.boundingBox(), await tileOf(other.page, 'Ada Stork').last().boundingBox()]
    assert.ok(large!.width > 2 * small!.width, `${large!.width} px beside ${small!.width} px`)
    await host.page.getByRole('button', { name: 'Stop sharing', exact: true }).click()
    await shared.waitFor({ state: 'detached' })
    await sees(other.page, 'Ada Stork')
  })

  story('a camera that is unplugged is said to be gone, another takes its place, and what is plugged in again is used', async () => {
    await other.page.evaluate('unplug(true)')
    await other.page.getByText('Your camera is gone; another one is used now').first().waitFor()
    await sees(host.page, 'Bob Crane')

    await other.page.evaluate('unplug(false)')
    await other.page.getByText('Your camera is gone: the others do not see you').first().waitFor()
    for (const [page, name] of [
      [host.page, 'Bob Crane'],
      [other.page, 'You'],
    ] as const)
      await until('a card stands where the picture was', async () => (await tileOf(page, name).locator('video').count()) === 0)
    await other.page.getByRole('button', { name: 'Switch the camera on (V)' }).click()
    await other.page.getByText('There is no camera that may be used').first().waitFor()

    await other.page.evaluate('plugIn()')
    await sees(host.page, 'Bob Crane')
    await other.page.getByRole('button', { name: 'Switch the camera off (V)' }).waitFor()
  })
})
