import assert from 'node:assert/strict'
import { describe, onTestFinished, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { notRun } from '@atrium/platform/testing/needs'
import { openFirefox } from '../harness/bidi.ts'
import { firefoxProgram, screen } from '../harness/browsers.ts'
import { topology } from '../harness/topology.ts'
import { scene, story } from './scene.ts'
import { accept, invite, isAllSent, password, said, say, setUp, writeTo } from './story.ts'

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

// Another browser differs in its pages, not in how many processes serve them: one topology says it all.
describe('first run in Firefox, together', () => {
  if (!firefoxProgram()) return notRun('first run in Firefox, together', 'firefox-esr')
  test('one sets up, invites a colleague and writes the first message', async () => {
    const hub = await topology('together')
    onTestFinished(() => hub.stop())
    const firefox = await openFirefox()
    onTestFinished(() => firefox.close())
    await firefox.goto(hub.url + (await hub.setupPath()))
    await firefox.fill('textbox', 'Name of your organisation', 'Heron Works')
    await firefox.fill('textbox', 'Domain', 'heron.example')
    await firefox.click('button', 'Continue')
    await firefox.fill('textbox', 'Your name', ada.name)
    await firefox.fill('textbox', 'Your address', ada.address)
    await firefox.fill('password', 'Password', password)
    await firefox.click('button', 'Open the hub')
    await firefox.sees('Invite a colleague')

    await firefox.goto(`${hub.url}/people`)
    await firefox.click('button', 'Add a person')
    await firefox.fill('textbox', 'Name', bob.name)
    await firefox.fill('textbox', 'Address', bob.address)
    await firefox.click('button', 'Add')
    await firefox.click('button', 'Done')
    await firefox.clickText(bob.name)
    await firefox.fill('textbox', `Write to ${bob.name}`, 'Good morning Bob')
    await firefox.press('Enter')
    await firefox.sees('Good morning Bob')
  })
})
