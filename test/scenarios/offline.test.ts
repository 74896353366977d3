import assert from 'node:assert/strict'
import { beforeAll, onTestFinished } from 'vitest'
import { until } from '@atrium/platform/testing'
import { weather } from '../harness/weather.ts'
import { peopled, screenOf, sessionOf, type Somebody } from './people.ts'
import { sceneElsewhere, story } from './scene.ts'
import { isAllSent, said, say, writeTo } from './story.ts'

sceneElsewhere('the offline shell', (stage) => {
  let ada: Somebody
  let bob: Somebody
  beforeAll(async () => void ({ ada, bob } = await peopled(stage.hub)))

  story('the page opens without a network, says so, and goes on by itself when there is one', async () => {
    const sky = await weather(stage.hub.url)
    onTestFinished(() => sky.stop())
    const { page } = await screenOf(stage.browser, ada, sky.url)
    await writeTo(page, 'Bob Crane')
    await say(page, 'before')
    await until('it is stored', () => isAllSent(page))
    await until(
      'the service worker has the shell',
      () => page.evaluate('navigator.serviceWorker.ready.then(({ active }) => active?.state === "activated")'),
      30_000,
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
  })

  story('what waits is never sent as somebody else who has the browser by then, and goes out when its author is back', async () => {
    const sky = await weather(stage.hub.url)
    onTestFinished(() => sky.stop())
    const { page } = await screenOf(stage.browser, ada, sky.url)
    await writeTo(page, 'Bob Crane')
    sky.close()
    await say(page, 'from Ada')
    await page.getByText(/1 message waits/).waitFor()
    await page.goto('about:blank')

    sky.resume()
    await sessionOf(page, bob, sky.url)
    await page.goto(sky.url)
    await writeTo(page, 'Ada Stork')
    await say(page, 'from Bob')
    await until('it is stored', () => isAllSent(page))
    assert.deepEqual(await said(page), ['before', 'after', 'from Bob'])

    await sessionOf(page, ada, sky.url)
    await page.goto(sky.url)
    await writeTo(page, 'Bob Crane')
    await until('it is stored', () => isAllSent(page))
    assert.deepEqual(await said(page), ['before', 'after', 'from Bob', 'from Ada'])
  })
})
