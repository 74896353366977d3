import assert from 'node:assert/strict'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { notRun } from '@atrium/platform/testing/needs'
import { chromiumProgram, openChromium } from '../harness/browsers.ts'
import { missingFor, topologies, topology, type Topology } from '../harness/topology.ts'
import { weather } from '../harness/weather.ts'
import { peopled, screenOf } from './people.ts'
import { isAllSent, said, say, writeTo } from './story.ts'

for (const name of topologies)
  describe(`the offline shell, ${name}`, () => {
    const missing = missingFor(name) ?? (chromiumProgram() ? undefined : 'chromium')
    if (missing) return notRun(`the offline shell, ${name}`, missing)
    let hub: Topology
    let browser: Browser
    beforeAll(async () => void ([hub, browser] = await Promise.all([topology(name), openChromium()])))
    afterAll(async () => {
      await browser?.close()
      await hub?.stop()
    })

    test('the page opens without a network, says so, and goes on by itself when there is one', async () => {
      const { ada } = await peopled(hub)
      const sky = await weather(hub.url)
      const { page, troubles } = await screenOf(browser, ada, sky.url)
      await writeTo(page, 'Bob Crane')
      await say(page, 'before')
      await until('it is stored', () => isAllSent(page))
      await until(
        'the service worker has the shell',
        () => page.evaluate('navigator.serviceWorker.ready.then(({ active }) => active?.state === "activated")'),
        15_000,
      )

      sky.close()
      await page.reload()
      await page
        .getByText(/You are offline|The hub does not answer|Reconnecting…/)
        .first()
        .waitFor()

      sky.resume()
      await until('what was said is there again', async () => (await said(page)).join() === 'before', 30_000)
      await say(page, 'after')
      await until('it is stored', () => isAllSent(page))
      assert.deepEqual(await said(page), ['before', 'after'])
      assert.deepEqual(troubles, [])
      await sky.stop()
    })
  })
