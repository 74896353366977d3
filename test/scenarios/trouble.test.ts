import assert from 'node:assert/strict'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { notRun } from '@atrium/platform/testing/needs'
import { chromiumProgram, openChromium, until, type Screen } from '../harness/browsers.ts'
import { missingFor, topologies, topology, type Topology } from '../harness/topology.ts'
import { weather, type Weather } from '../harness/weather.ts'
import { peopled, screenOf } from './people.ts'
import { isAllSent, isSamePage, markPage, said, say, writeTo } from './story.ts'

for (const name of topologies)
  describe(`two people chat through trouble, ${name}`, () => {
    const missing = missingFor(name) ?? (chromiumProgram() ? undefined : 'chromium')
    if (missing) return notRun(`two people chat through trouble, ${name}`, missing)
    let hub: Topology
    let browser: Browser
    let sky: Weather
    let ada: Screen
    let bob: Screen
    const expected: string[] = []

    beforeAll(async () => {
      ;[hub, browser] = await Promise.all([topology(name, { isOpenedElsewhere: true }), openChromium()])
      sky = await weather(hub.url)
      const people = await peopled(hub)
      ada = await screenOf(browser, people.ada, hub.url)
      bob = await screenOf(browser, people.bob, sky.url)
      await writeTo(ada.page, 'Bob Crane')
      await writeTo(bob.page, 'Ada Stork')
      for (const { page } of [ada, bob]) await markPage(page)
      await speak(ada.page, 'a 1')
      await speak(bob.page, 'b 1')
      await allIsWell()
    })
    afterAll(async () => {
      await browser?.close()
      await sky?.stop()
      await hub?.stop()
    })

    async function speak(page: Page, text: string) {
      expected.push(text)
      await say(page, text)
    }
    /** Both screens show every message once, in one order, and nothing waits. */
    async function allIsWell() {
      await until(
        'both screens show all of it',
        async () =>
          (await isAllSent(ada.page)) &&
          (await isAllSent(bob.page)) &&
          (await said(ada.page)).length === expected.length &&
          (await said(bob.page)).length === expected.length,
      ).catch(async (error: Error) => {
        throw new Error(`${error.message}\nAda: ${await said(ada.page)}\nBob: ${await said(bob.page)}\n${hub.output().slice(-3_000)}`)
      })
      assert.deepEqual(await said(ada.page), await said(bob.page))
      assert.deepEqual((await said(ada.page)).toSorted(), expected.toSorted())
    }
    const reconnecting = (page: Page) => page.getByText(/Reconnecting…|waits? and goe?s? out by (it|them)sel/)

    test('the connection is cut and comes back', async () => {
      sky.close()
      assert.ok(sky.counts.cuts > 0, 'there was nothing to cut')
      await reconnecting(bob.page).waitFor()
      await speak(bob.page, 'b while cut 1')
      await speak(bob.page, 'b while cut 2')
      await speak(ada.page, 'a meanwhile')
      sky.resume()
      await allIsWell()
      await reconnecting(bob.page).waitFor({ state: 'detached' })
      assert.ok(sky.counts.refused > 0, 'nobody tried while it was closed')
    })

    test('the answer to a message is lost: it is stored once', async () => {
      // Socket.IO answers with 43<id>[…]. The client repeats with the same clientId and is told of the message it sent.
      const lost = sky.dropFrame('down', (text) => /^43\d+\[/.test(text) && text.includes('answer is lost'))
      await speak(bob.page, 'b whose answer is lost')
      await lost
      sky.cut()
      await speak(ada.page, 'a after it')
      await allIsWell()
    })

    test('the network is silent for a while, as when a laptop sleeps', async () => {
      sky.stall()
      await speak(ada.page, 'a while Bob sleeps')
      await speak(bob.page, 'b in his sleep')
      await until('Ada sees her own', async () => isAllSent(ada.page))
      sky.cut()
      sky.resume()
      await allIsWell()
    })

    for (const signal of ['SIGTERM', 'SIGKILL'] as const)
      test(`every server restarts (${signal})`, async () => {
        const pids = hub.servers.map(({ pid }) => pid)
        const restarts = Promise.all(hub.servers.map((server) => server.kill(signal)))
        await restarts
        await Promise.all([reconnecting(ada.page).waitFor(), reconnecting(bob.page).waitFor()])
        await speak(ada.page, `a during ${signal}`)
        await speak(bob.page, `b during ${signal}`)
        await Promise.all(hub.servers.map((server) => server.start()))
        await allIsWell()
        await speak(ada.page, `a after ${signal}`)
        await allIsWell()
        assert.ok(
          hub.servers.every(({ pid }) => !pids.includes(pid)),
          'nothing was restarted',
        )
      })

    test('nobody had to load the page again, and it did not stumble', async () => {
      for (const { page, troubles } of [ada, bob]) {
        assert.ok(await isSamePage(page))
        assert.deepEqual(troubles, [])
      }
      await ada.page.reload()
      await until('a fresh page shows the same', async () => (await said(ada.page)).length === expected.length)
      assert.deepEqual(await said(ada.page), await said(bob.page))
    })
  })
