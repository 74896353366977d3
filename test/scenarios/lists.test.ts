import { randomUUID } from 'node:crypto'
import assert from 'node:assert/strict'
import type { DomainId, ListId } from '@atrium/protocol'
import { colleague, peopled, screenOf } from './people.ts'
import { scene, story } from './scene.ts'

scene('a list in a room', (stage) => {
  story('its people have the room on their open pages as soon as they are in the list, and no more when it leaves', async () => {
    const { hub, browser } = stage
    const { ada, bob } = await peopled(hub)
    const carl = await colleague(hub, ada, 'Carl Heron', 'carl@heron.example')
    const { domainId } = await ada.call('me.values', {})
    const draft = {
      clientId: randomUUID(),
      domainId: domainId as DomainId,
      userName: 'crew',
      name: 'Boat crew',
      members: ['bob@heron.example'],
    }
    const list = await ada.call('lists.create', draft)
    const { room } = await ada.call('chat.room.create', { clientId: randomUUID(), name: 'Slipway', memberIds: [] })

    const [adas, bobs, carls] = (await Promise.all([ada, bob, carl].map((who) => screenOf(browser, who, hub.url)))).map(({ page }) => page)
    const roomOn = (page: typeof adas) => page!.getByRole('link', { name: /Slipway/ })
    await Promise.all([adas!.goto(`/r/${room.id}`), bobs!.goto('/r'), carls!.goto('/r')])
    await adas!.getByRole('button', { name: 'More', exact: true }).last().click()
    await adas!.getByRole('menuitem', { name: 'Invite people' }).click()
    const dialog = adas!.getByRole('dialog')
    await dialog.getByRole('searchbox').fill('boat')
    await dialog.getByRole('option', { name: /Boat crew/ }).waitFor()
    await adas!.keyboard.press('Enter')
    await dialog.getByRole('button', { name: 'Invite people' }).click()
    await roomOn(bobs).waitFor()
    assert.equal(await roomOn(carls).count(), 0)

    await ada.call('lists.members.change', { clientId: randomUUID(), listId: list.id as ListId, add: ['carl@heron.example'] })
    await roomOn(carls).waitFor()

    await adas!.getByRole('button', { name: /^\d+ (person|people)$/ }).click()
    await adas!.getByRole('region', { name: 'Lists' }).getByRole('button', { name: 'Remove the list Boat crew' }).click()
    await Promise.all([bobs, carls].map((page) => roomOn(page).waitFor({ state: 'detached' })))
  })
})
