import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'vitest'
import { AccountId } from '@atrium/protocol'
import { peopled, screenOf } from './people.ts'
import { scene } from './scene.ts'
import { composer, password, writeTo } from './story.ts'

scene('a locked person', (stage) => {
  test('is out within a second on every screen, on whichever process, and stays out', async () => {
    const { ada, bob } = await peopled(stage.hub)
    // A screen at each process that serves people, past whatever stands before them.
    const screens = await Promise.all(stage.hub.servers.map((server) => screenOf(stage.browser, bob, server.url)))
    for (const { page } of screens) await writeTo(page, 'Ada Stork')

    const outs = screens.map(({ page }) =>
      page
        .getByText('Your account is locked. Ask an administrator.')
        .waitFor()
        .then(() => performance.now()),
    )
    await ada.call('directory.person.change', { clientId: randomUUID(), accountId: AccountId.parse(bob.accountId), status: 'locked' })
    const locked = performance.now()
    for (const out of await Promise.all(outs)) assert.ok(out - locked < 1_000, `out after ${Math.round(out - locked)} ms`)

    for (const { page } of screens) {
      assert.equal(await composer(page).count(), 0)
      await page.goto('/')
      await page.getByLabel('Your address').fill('bob@heron.example')
      await page.getByRole('textbox', { name: 'Password' }).fill(password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByText('This account is locked. Ask an administrator.').waitFor()
    }
  })
})
