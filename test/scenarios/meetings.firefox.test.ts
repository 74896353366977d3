import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { notRun } from '@atrium/platform/testing/needs'
import { fakeDevices, openFirefox, type FirefoxPage } from '../harness/bidi.ts'
import { chromiumProgram, firefoxProgram, openChromium, told } from '../harness/browsers.ts'
import { topology, type Topology } from '../harness/topology.ts'
import { sharedFolder } from './filing.ts'
import { comeIn, tileOf } from './meeting.ts'
import { peopled, screenOf, type Somebody } from './people.ts'
import { password } from './story.ts'

const patience = { timeout: 180_000 }
/** Firefox counts the frames of a stream by a name of its own. */
const framesOf = (name: string) =>
  `((video) => video?.mozPaintedFrames ?? video?.getVideoPlaybackQuality().totalVideoFrames ?? 0)(document.querySelector('video[aria-label="Picture of ${name}"]'))`
async function moves(what: string, frames: () => Promise<number>): Promise<void> {
  const first = await until(what, async () => (await frames()) || undefined, 30_000)
  await until(`${what} move`, async () => (await frames()) > first + 10, 30_000)
}

describe('in Firefox', () => {
  const missing = [!firefoxProgram() && 'firefox-esr', !chromiumProgram() && 'chromium'].filter(Boolean).join(', ')
  if (missing) return notRun('a meeting and a document in Firefox', missing)
  let hub: Topology
  let chromium: Browser
  let firefox: FirefoxPage
  let ada: Somebody
  let bob: Somebody
  beforeAll(async () => {
    ;[hub, chromium, firefox] = await Promise.all([
      // Firefox sends nothing from this machine to its loopback address.
      topology('together', { env: { ATRIUM_HOST: '0.0.0.0' } }),
      openChromium(),
      openFirefox(fakeDevices),
    ])
    ;({ ada, bob } = await peopled(hub))
    await firefox.goto(`${hub.url}/sign-in`)
    await firefox.fill('textbox', 'Your address', 'bob@heron.example')
    await firefox.fill('password', 'Password', password)
    await firefox.click('button', 'Sign in')
    await firefox.has('navigation', 'Places')
  })
  afterAll(async () => {
    await firefox?.close()
    await chromium?.close()
    await hub?.stop()
  })

  test('somebody comes through the door to the stage; they and somebody in Chromium see each other move', patience, async () => {
    const { slug, roomId } = await ada.call('meetings.create', { clientId: randomUUID(), title: 'Harbour Bath' })
    await ada.call('chat.room.invite', { clientId: randomUUID(), roomId, accountIds: [bob.accountId as never] })
    const host = await screenOf(chromium, ada, hub.url)
    try {
      await comeIn(host.page, slug)
      await firefox.goto(`${hub.url}/m/${slug}`)
      await firefox.has('button', 'Switch the camera off')
      await firefox.click('button', 'Join')
      await firefox.has('button', 'Leave the meeting')
      await firefox.sees('Ada Stork')
      await tileOf(host.page, 'Bob Crane').waitFor({ timeout: 45_000 })
      await moves('Bob sees himself', () => firefox.evaluate(framesOf('You')))
      await moves('Bob sees Ada', () => firefox.evaluate(framesOf('Ada Stork')))
      await moves('Ada sees Bob', () => host.page.evaluate(framesOf('Bob Crane')))
      await firefox.click('button', 'Leave the meeting')
      await until('the host is alone', async () => (await host.page.locator('figure').count()) === 1, 20_000)
      assert.deepEqual(host.troubles, [])
    } catch (error) {
      const shown = await firefox.evaluate<string>('document.body.innerText').catch(() => 'nothing')
      await told(new Error(`${error}\nFirefox shows:\n${shown}`))
    }
  })

  test('somebody writes in a document, and finds it there again', patience, async () => {
    const { folderId } = await sharedFolder(ada, bob)
    const { id } = await ada.call('files.document.create', { clientId: randomUUID(), folderId, name: 'Minutes' })
    await firefox.goto(`${hub.url}/f/${id}`)
    await firefox.fill('textbox', 'Text of the document', 'The eaves are lowered.')
    await firefox.sees('The eaves are lowered.')
    await firefox.sees('Saved')
    await firefox.goto(`${hub.url}/f/${id}`)
    await firefox.sees('The eaves are lowered.')
  })
})
