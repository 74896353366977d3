import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { beforeAll, describe, onTestFinished } from 'vitest'
import { screen, until, type Screen } from '../harness/browsers.ts'
import { roamingChromium } from '../harness/network.ts'
import { framesSeen, soundHeard } from '../harness/watching.ts'
import { bothInside, comeIn, isInside, knock, sees, tileOf } from './meeting.ts'
import { peopled, screenOf, type Somebody } from './people.ts'
import { sceneElsewhere, story, storyWith, weatherOver } from './scene.ts'
import { writeTo } from './story.ts'

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

sceneElsewhere(
  'meetings',
  (stage) => {
    let ada: Somebody
    let bob: Somebody
    beforeAll(async () => void ({ ada, bob } = await peopled(stage.hub)))
    const meeting = (title: string) => ada.call('meetings.create', { clientId: randomUUID(), title })

    story('a guest waits, is denied, knocks again, is admitted, sees moving pictures and hears sound', async () => {
      const { slug } = await meeting('Harbour Bath')
      const host = await screenOf(stage.browser, ada, stage.hub.url)
      const guest = await screen(stage.browser, stage.hub.url)
      await comeIn(host.page, slug)
      await knock(guest.page, slug, 'Elin Sørensen')
      await guest.page.getByText('The hosts know you are here').waitFor()
      // Nothing of the meeting is there while one waits: no name, no picture, no sound.
      assert.equal(await guest.page.getByText('Ada Stork').count(), 0)
      assert.equal(await guest.page.locator('audio[data-sound]').count(), 0)

      const door = host.page.getByRole('region', { name: 'Someone knocks' })
      await door.getByText('Elin Sørensen').waitFor()
      await door.getByRole('button', { name: 'Deny' }).click()
      await guest.page.getByText('You were not let in').waitFor()
      assert.equal(await door.count(), 0)

      await guest.page.getByRole('button', { name: 'Knock again' }).click()
      await door.getByRole('button', { name: 'Admit' }).click()
      await isInside(guest.page)
      await Promise.all([sees(guest.page, 'Ada Stork'), sees(host.page, 'Elin Sørensen')])
      for (const { page } of [guest, host]) {
        const loudness = await soundHeard(page)
        assert.ok(loudness >= 0.01, `heard ${loudness}`)
      }

      await host.page.getByRole('button', { name: 'People', exact: true }).click()
      await host.page.getByRole('button', { name: 'Actions for Elin Sørensen' }).click()
      await host.page.getByRole('menuitem', { name: 'Take out of the meeting' }).click()
      await guest.page.getByRole('heading', { name: 'A host took you out of the meeting' }).waitFor()
      await until('the host is alone', async () => (await host.page.locator('figure').count()) === 1)
    })

    story('three meet, the network of one is gone for ten seconds, and who comes back is the same participant', async () => {
      const { slug, roomId } = await meeting('Three of us')
      await ada.call('chat.room.invite', { clientId: randomUUID(), roomId, accountIds: [bob.accountId as never] })
      const sky = await weatherOver(stage.hub.url)
      const first = await screenOf(stage.browser, ada, stage.hub.url)
      const second = await screen(stage.browser, stage.hub.url)
      const roaming = await roamingChromium()
      onTestFinished(() => roaming.stop())
      const third = await screenOf(roaming.browser, bob, sky.url)
      await comeIn(first.page, slug)
      await comeIn(third.page, slug)
      await knock(second.page, slug, 'Elin Sørensen')
      await first.page.getByRole('button', { name: 'Admit' }).click()
      await isInside(second.page)
      await Promise.all([sees(first.page, 'Bob Crane'), sees(second.page, 'Bob Crane'), sees(third.page, 'Elin Sørensen')])
      const idOf = () => tileOf(first.page, 'Bob Crane').getAttribute('data-participant')
      const before = await idOf()

      roaming.lose()
      sky.close()
      const cutAt = performance.now()
      await third.page.getByText('The connection is gone.').waitFor()
      // The others go on meanwhile, and the one who is away keeps the place.
      await Promise.all([sees(first.page, 'Elin Sørensen'), sees(second.page, 'Ada Stork')])
      await until('ten seconds are over', () => performance.now() - cutAt > 10_000)
      assert.equal(await idOf(), before)
      sky.resume()
      roaming.regain()

      await third.page.getByText('The connection is gone.').waitFor({ state: 'detached' })
      await Promise.all([sees(third.page, 'Ada Stork'), sees(third.page, 'Elin Sørensen')])
      await Promise.all([sees(first.page, 'Bob Crane'), sees(second.page, 'Bob Crane')])
      assert.equal(await idOf(), before)
      assert.equal(await first.page.locator('figure').count(), 3)
      assert.ok(sky.counts.cuts > 0, 'the line was cut')
    })

    story('a direct room rings on every screen of the other one, and is answered once', async () => {
      const caller = await screenOf(stage.browser, ada, stage.hub.url)
      // One at each process that serves people.
      const called = await Promise.all([stage.hub.url, stage.hub.servers.at(-1)!.url].map((url) => screenOf(stage.browser, bob, url)))
      for (const { page } of called) await page.goto('/')
      await writeTo(caller.page, 'Bob Crane')
      await caller.page.getByRole('button', { name: 'Start a meeting' }).click()
      await isInside(caller.page)
      await caller.page.getByText('Ringing …').waitFor()
      const rings = called.map(({ page }) => page.getByRole('region', { name: 'Ada Stork calls' }))
      for (const ring of rings) await ring.waitFor()

      await rings[0]!.getByRole('button', { name: 'Accept' }).click()
      await rings[1]!.waitFor({ state: 'detached' })
      await isInside(called[0]!.page)
      await Promise.all([sees(caller.page, 'Bob Crane'), sees(called[0]!.page, 'Ada Stork')])

      await called[0]!.page.getByRole('button', { name: 'Leave the meeting' }).click()
      await called[0]!.page.getByRole('heading', { name: 'Ada Stork', level: 1 }).waitFor()
      await until('the caller is alone', async () => (await caller.page.locator('figure').count()) === 1)

      // Declined, and the caller hears so.
      await caller.page.getByRole('button', { name: 'Leave the meeting' }).click()
      await caller.page.getByRole('button', { name: 'Start a meeting' }).click()
      await caller.page.getByText('Ringing …').waitFor()
      await rings[1]!.getByRole('button', { name: 'Decline' }).click()
      await caller.page.getByText('Not now, is the answer.').waitFor()
      await rings[0]!.waitFor({ state: 'detached' })
    })

    story('without any device one comes in all the same, is told what to do, and the room is beside the stage', async () => {
      const { slug } = await meeting('Without devices')
      const host = await screenOf(stage.browser, ada, stage.hub.url)
      const silent = await screenOf(stage.browser, bob, stage.hub.url)
      await silent.page.addInitScript(
        'Object.defineProperty(navigator.mediaDevices, "getUserMedia", { value: () => Promise.reject(new DOMException("", "NotAllowedError")) })',
      )
      await comeIn(host.page, slug)
      await silent.page.goto(`/m/${slug}`)
      await silent.page.getByText('Camera and microphone are not allowed').waitFor()
      await silent.page.getByRole('button', { name: 'Ask to come in' }).click()
      await host.page.getByRole('button', { name: 'Admit' }).click()
      await isInside(silent.page)
      await sees(silent.page, 'Ada Stork')
      assert.equal(await tileOf(host.page, 'Bob Crane').locator('video').count(), 0)

      for (const { page } of [host, silent]) await page.getByRole('button', { name: 'Chat', exact: true }).click()
      const words = host.page.getByRole('textbox', { name: /^Write to / })
      await words.fill('Can you hear us?')
      await words.press('Enter')
      await silent.page.getByRole('log').getByText('Can you hear us?').waitFor()

      await host.page.getByRole('button', { name: 'More' }).click()
      await host.page.getByRole('menuitem', { name: 'End for everyone' }).click()
      await host.page.getByRole('dialog').getByRole('button', { name: 'End for everyone' }).click()
      for (const { page } of [host, silent]) await page.getByRole('heading', { name: 'The meeting has ended' }).waitFor()
    })

    storyWith(404)('behind a wrong link is nothing, and it says what to do', async () => {
      const { page } = await screen(stage.browser, stage.hub.url)
      await page.goto('/m/aaaa-bbbb-cccc')
      await page.getByRole('heading', { name: 'There is no meeting behind this link' }).waitFor()
    })

    describe('screens and cameras', () => {
      let host: Screen
      let other: Screen
      beforeAll(async () => {
        const { slug, roomId } = await meeting('Screens and cameras')
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
        await shared.waitFor()
        const moved = await framesSeen(other.page, 'Screen of Ada Stork', 20)
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
  },
  { camera: 'small' },
)
