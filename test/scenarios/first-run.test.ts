import assert from 'node:assert/strict'
import { screen, until } from '../harness/browsers.ts'
import { scene, story } from './scene.ts'
import { accept, invite, isAllSent, said, say, setUp, writeTo } from './story.ts'

const ada = { name: 'Ada Stork', address: 'ada@heron.example' }
const bob = { name: 'Bob Crane', address: 'bob@heron.example' }

scene('first run', (stage) => {
  story('one opens the printed link, invites a colleague, and the two chat', async () => {
    const { hub, browser } = stage
    const first = await screen(browser, hub.url)
    await setUp(first.page, await hub.setupPath(), ada)
    const link = await invite(first.page, bob)

    const second = await screen(browser, hub.url)
    await accept(second.page, link)
    await writeTo(second.page, ada.name)
    await say(second.page, 'Good morning Ada')
    await until(
      'Bob sees his message stored',
      async () => (await isAllSent(second.page)) && (await said(second.page)).includes('Good morning Ada'),
    )

    await writeTo(first.page, bob.name)
    await until('Ada reads Bob', async () => (await said(first.page)).includes('Good morning Ada'))
    await say(first.page, 'Welcome Bob')
    await until('Bob reads Ada', async () => (await said(second.page)).includes('Welcome Bob'))
    assert.deepEqual(await said(first.page), ['Good morning Ada', 'Welcome Bob'])
    assert.deepEqual(await said(second.page), ['Good morning Ada', 'Welcome Bob'])
    // Each sees that the other one has read it.
    for (const { page } of [first, second]) await page.getByRole('log').getByText(/^Seen/).waitFor()

    // The link worked once.
    const third = await screen(browser, hub.url)
    await third.page.goto(await hub.setupPath())
    await third.page.getByRole('heading', { name: 'This link has been used' }).waitFor()
  })
})
