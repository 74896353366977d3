import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { notRun } from '@atrium/platform/testing/needs'
import { chromiumProgram, openChromium, screen, told, type Screen } from '../harness/browsers.ts'
import { missingFor, topologies, topology, type Topology } from '../harness/topology.ts'
import { roamingChromium } from '../harness/network.ts'
import { soundHeard } from '../harness/watching.ts'
import { weather } from '../harness/weather.ts'
import { comeIn, isInside, knock, sees, tileOf } from './meeting.ts'
import { peopled, screenOf, type Somebody } from './people.ts'
import { writeTo } from './story.ts'

for (const name of topologies)
  describe(`meetings, ${name}`, () => {
    const missing = missingFor(name) ?? (chromiumProgram() ? undefined : 'chromium')
    if (missing) return notRun(`meetings, ${name}`, missing)
    let hub: Topology
    let browser: Browser
    let ada: Somebody
    let bob: Somebody
    beforeAll(async () => {
      ;[hub, browser] = await Promise.all([topology(name, { isOpenedElsewhere: true }), openChromium({ camera: 'small' })])
      ;({ ada, bob } = await peopled(hub))
    })
    afterAll(async () => {
      await browser?.close()
      await hub?.stop()
    })
    const meeting = (title: string) => ada.call('meetings.create', { clientId: randomUUID(), title })
    const close = (...screens: Screen[]) => Promise.all(screens.map(({ page }) => page.context().close()))

    test('a guest waits, is denied, knocks again, is admitted, sees moving pictures and hears sound', async () => {
      const { slug } = await meeting('Harbour Bath')
      const host = await screenOf(browser, ada, hub.url)
      const guest = await screen(browser, hub.url)
      try {
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
        assert.deepEqual([...host.troubles, ...guest.troubles], [])

        await host.page.getByRole('button', { name: 'People', exact: true }).click()
        await host.page.getByRole('button', { name: 'Actions for Elin Sørensen' }).click()
        await host.page.getByRole('menuitem', { name: 'Take out of the meeting' }).click()
        await guest.page.getByRole('heading', { name: 'A host took you out of the meeting' }).waitFor()
        await until('the host is alone', async () => (await host.page.locator('figure').count()) === 1)
      } catch (error) {
        await told(error)
      } finally {
        await close(host, guest)
      }
    })

    test(
      'three meet, the network of one is gone for ten seconds, and who comes back is the same participant',
      { timeout: 180_000 },
      async () => {
        const { slug, roomId } = await meeting('Three of us')
        await ada.call('chat.room.invite', { clientId: randomUUID(), roomId, accountIds: [bob.accountId as never] })
        const sky = await weather(hub.url)
        const first = await screenOf(browser, ada, hub.url)
        const second = await screen(browser, hub.url)
        const roaming = await roamingChromium()
        const third = await screenOf(roaming.browser, bob, sky.url)
        try {
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
          await until('ten seconds are over', () => performance.now() - cutAt > 10_000, 20_000)
          assert.equal(await idOf(), before)
          sky.resume()
          roaming.regain()

          await third.page.getByText('The connection is gone.').waitFor({ state: 'detached' })
          await Promise.all([sees(third.page, 'Ada Stork'), sees(third.page, 'Elin Sørensen')])
          await Promise.all([sees(first.page, 'Bob Crane'), sees(second.page, 'Bob Crane')])
          assert.equal(await idOf(), before)
          assert.equal(await first.page.locator('figure').count(), 3)
          assert.ok(sky.counts.cuts > 0, 'the line was cut')
        } catch (error) {
          await told(error)
        } finally {
          await close(first, second)
          await roaming.stop()
          await sky.stop()
        }
      },
    )

    test('a direct room rings on every screen of the other one, and is answered once', async () => {
      const caller = await screenOf(browser, ada, hub.url)
      // One at each process that serves people.
      const called = await Promise.all([hub.url, hub.servers.at(-1)!.url].map((url) => screenOf(browser, bob, url)))
      try {
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
      } catch (error) {
        await told(error)
      } finally {
        await close(caller, ...called)
      }
    })

    test('without any device one comes in all the same, is told what to do, and the room is beside the stage', async () => {
      const { slug } = await meeting('Without devices')
      const host = await screenOf(browser, ada, hub.url)
      const silent = await screenOf(browser, bob, hub.url)
      try {
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
      } catch (error) {
        await told(error)
      } finally {
        await close(host, silent)
      }
    })

    test('behind a wrong link is nothing, and it says what to do', async () => {
      const stranger = await screen(browser, hub.url)
      await stranger.page.goto('/m/aaaa-bbbb-cccc')
      await stranger.page.getByRole('heading', { name: 'There is no meeting behind this link' }).waitFor()
      await close(stranger)
    })
  })
