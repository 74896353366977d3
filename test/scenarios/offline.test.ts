import assert from 'node:assert/strict'
import { onTestFinished } from 'vitest'
import { until } from '@atrium/platform/testing'
import { weather } from '../harness/weather.ts'
import { peopled, screenOf } from './people.ts'
import { sceneElsewhere, story } from './scene.ts'
import { isAllSent, said, say, writeTo } from './story.ts'

sceneElsewhere('the offline shell', (stage) => {
  story('the page opens without a network, says so, and goes on by itself when there is one', async () => {
    const { ada } = await peopled(stage.hub)
    const sky = await weather(stage.hub.url)
    onTestFinished(() => sky.stop())
    const { page } = await screenOf(stage.browser, ada, sky.url)
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
  })
})
