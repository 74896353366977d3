import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { AccountId } from '@atrium/protocol'
import { notRun } from '@atrium/platform/testing/needs'
import { fakeDevices, openFirefox, type FirefoxPage } from '../harness/bidi.ts'
import { chromiumProgram, firefoxProgram, openChromium, told, until } from '../harness/browsers.ts'
import { topology, type Topology } from '../harness/topology.ts'
import { comeIn, tileOf } from './meeting.ts'
import { invited, screenOf, type Somebody } from './people.ts'
import { password } from './story.ts'

/** Firefox counts the frames of a stream by a name of its own. */
const framesOf = (name: string) =>
  `((video) => video?.mozPaintedFrames ?? video?.getVideoPlaybackQuality().totalVideoFrames ?? 0)(document.querySelector('video[aria-label="Picture of ${name}"]'))`
async function moves(what: string, frames: () => Promise<number>): Promise<void> {
  const first = await until(what, async () => (await frames()) || undefined)
  await until(`${what} move`, async () => (await frames()) > first + 10)
}

// Another browser differs in its pages, not in how many processes serve them: one topology says it all.
describe('in Firefox', () => {
  const missing = [!firefoxProgram() && 'firefox-esr', !chromiumProgram() && 'chromium'].filter(Boolean).join(', ')
  if (missing) return notRun('a first run, a meeting and a document in Firefox', missing)
  let hub: Topology
  let chromium: Browser
  let firefox: FirefoxPage
  let adasId: AccountId
  let bob: Somebody
  beforeAll(async () => {
    ;[hub, chromium, firefox] = await Promise.all([
      // Firefox sends nothing from this machine to its loopback address.
      topology('together', { env: { ATRIUM_HOST: '0.0.0.0' } }),
      openChromium(),
      openFirefox(fakeDevices),
    ])
  })
  afterAll(async () => {
    await firefox?.close()
    await chromium?.close()
    await hub?.stop()
  })

  test('one sets up, invites a colleague and writes the first message', async () => {
    await firefox.goto(hub.url + (await hub.setupPath()))
    await firefox.fill('textbox', 'Name of your organisation', 'Heron Works')
    await firefox.fill('textbox', 'Domain', 'heron.example')
    await firefox.click('button', 'Continue')
    await firefox.fill('textbox', 'Your name', 'Ada Stork')
    await firefox.fill('textbox', 'Your address', 'ada@heron.example')
    await firefox.fill('password', 'Password', password)
    await firefox.click('button', 'Open the hub')
    await firefox.sees('Invite a colleague')

    adasId = AccountId.parse(await firefox.evaluate('JSON.parse(localStorage.getItem("atrium.me")).person.id'))

    await firefox.goto(`${hub.url}/people`)
    await firefox.click('button', 'Add a person')
    await firefox.fill('textbox', 'Name', 'Bob Crane')
    await firefox.fill('textbox', 'Address', 'bob@heron.example')
    await firefox.click('button', 'Add')
    await firefox.has('button', 'Done')
    const link = await firefox.evaluate<string>('document.querySelector("dialog input[readonly]").value')
    await firefox.click('button', 'Done')
    bob = await invited(hub.url, 'Bob Crane', link)
    await firefox.clickText('Bob Crane')
    await firefox.fill('textbox', 'Write to Bob Crane', 'Good morning Bob')
    await firefox.press('Enter')
    await firefox.sees('Good morning Bob')
  })

  test('somebody comes through the door to the stage; they and somebody in Chromium see each other move', async () => {
    const { slug, roomId } = await bob.call('meetings.create', { clientId: randomUUID(), title: 'Harbour Bath' })
    await bob.call('chat.room.invite', { clientId: randomUUID(), roomId, accountIds: [adasId] })
    const host = await screenOf(chromium, bob, hub.url)
    try {
      await comeIn(host.page, slug)
      await firefox.goto(`${hub.url}/m/${slug}`)
      await firefox.has('button', 'Switch the camera off')
      await firefox.click('button', 'Join')
      await firefox.has('button', 'Leave the meeting')
      await firefox.sees('Bob Crane')
      await tileOf(host.page, 'Ada Stork').waitFor()
      await moves('Ada sees herself', () => firefox.evaluate(framesOf('You')))
      await moves('Ada sees Bob', () => firefox.evaluate(framesOf('Bob Crane')))
      await moves('Bob sees Ada', () => host.page.evaluate(framesOf('Ada Stork')))
      await firefox.click('button', 'Leave the meeting')
      await until('the host is alone', async () => (await host.page.locator('figure').count()) === 1)
      assert.deepEqual(host.troubles, [])
    } catch (error) {
      const shown = await firefox.evaluate<string>('document.body.innerText').catch(() => 'nothing')
      await told(new Error(`${error}\nFirefox shows:\n${shown}`))
    }
  })

  test('somebody writes in a document, and finds it there again', async () => {
    const { own } = await bob.call('files.spaces', {})
    const { id } = await bob.call('files.document.create', { clientId: randomUUID(), folderId: own.id, name: 'Minutes' })
    await bob.call('files.share', { clientId: randomUUID(), fileId: id, accountId: adasId, may: 'write' })
    await firefox.goto(`${hub.url}/f/${id}`)
    await firefox.fill('textbox', 'Text of the document', 'The eaves are lowered.')
    await firefox.sees('The eaves are lowered.')
    await firefox.sees('Saved')
    await firefox.goto(`${hub.url}/f/${id}`)
    await firefox.sees('The eaves are lowered.')
  })
})
