import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Page } from 'playwright-core'
import { beforeAll, describe } from 'vitest'
import { AccountId, type DomainId, type ListId } from '@atrium/protocol'
import { until } from '../harness/browsers.ts'
import { colleague, peopled, screenOf, type Somebody } from './people.ts'
import { scene, story } from './scene.ts'

scene('rooms', (stage) => {
  let ada: Somebody
  let bob: Somebody
  beforeAll(async () => void ({ ada, bob } = await peopled(stage.hub)))

  describe('a long one', () => {
    let page: Page
    beforeAll(async () => {
      const { room } = await bob.call('chat.direct', { clientId: randomUUID(), accountId: AccountId.parse(ada.accountId) })
      await ada.call('chat.room.create', { clientId: randomUUID(), name: 'Plans', about: '', memberIds: [] })
      for (let n = 1; n <= 90; n++) {
        const body = `${n}: ${'the tide turns '.repeat(1 + (n % 40))}`
        await bob.call('chat.send', {
          clientId: randomUUID(),
          roomId: room.id,
          body,
          replyTo: null,
          mentions: [],
          pictures: [],
          files: [],
        })
      }
      ;({ page } = await screenOf(stage.browser, ada, stage.hub.url))
      await page.goto('/r')
    })

    const log = (page: Page) => page.getByRole('log')
    const goTo = (page: Page, name: string) => page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name }).click()

    story('opens where reading ended, and what is on screen stays where it is while the rest is built', async () => {
      const told = await watched(page, () => goTo(page, 'Bob Crane'))
      assert.deepEqual(told.moved, [])
      await log(page).getByText('New', { exact: true }).waitFor()
      assert.ok(told.first.some((text) => text.startsWith('1: ')))
    })

    story('left at its end, it opens there at once, filled', async () => {
      await page.getByRole('button', { name: /newest|new messages?/ }).click()
      await until('the end is on screen', () => log(page).getByText('90: ').isVisible())
      await until('it was read', async () => (await page.getByRole('link', { name: /Bob Crane, .*unread/ }).count()) === 0)
      await goTo(page, 'Plans')
      const told = await watched(page, () => goTo(page, 'Bob Crane'))
      assert.ok(told.first.length < told.all, `all of ${told.all} were built at once`)
      assert.ok(told.first.at(-1)?.startsWith('90: '), told.first.join('\n'))
      assert.ok(told.gap <= 0, `${told.gap} px of nothing above the first message`)
      assert.deepEqual(told.moved, [])
    })

    story('left in its middle, it shows the same message at the same place', async () => {
      await log(page).evaluate('(log) => { log.scrollTop = log.scrollHeight / 2 }')
      const left = await until('it has come to rest', async () => {
        const [before, after] = [await topOf(page), await topOf(page)]
        return before.top === after.top && before
      })
      await goTo(page, 'Plans')
      const told = await watched(page, () => goTo(page, 'Bob Crane'))
      assert.deepEqual(told.moved, [])
      assert.deepEqual(await topOf(page), left)
    })
  })

  story('what is said in a room makes those who look on say that they read it, and ask nothing', async () => {
    const { room } = await ada.call('chat.room.create', {
      clientId: randomUUID(),
      name: 'Tide tables',
      memberIds: [AccountId.parse(bob.accountId)],
    })
    const { page } = await screenOf(stage.browser, bob, stage.hub.url)
    const asked: { name: string; input: { read?: number } }[] = []
    page.on('websocket', (socket) =>
      socket.on('framesent', ({ payload }) => {
        const [, name = '', input] = /^42\d*\["([\w.]+)",(.*)\]$/.exec(`${payload}`) ?? []
        if (name) asked.push({ name, input: JSON.parse(input!) as { read?: number } })
      }),
    )
    await page.goto(`/r/${room.id}`)
    const send = async (body: string) => {
      const clientId = randomUUID()
      const { seq } = await ada.call('chat.send', { clientId, roomId: room.id, body, replyTo: null, mentions: [], pictures: [], files: [] })
      await page.getByRole('log').getByText(body).waitFor()
      return seq
    }
    const isRead = (seq: number) => until(`it is told that ${seq} was read`, () => asked.some(({ input }) => input.read === seq))
    await isRead(await send('Low at six'))
    await until('the page has asked what can wait', () => asked.some(({ name }) => name === 'meetings.running'))
    asked.splice(0)
    for (const body of ['High at noon', 'Low at seven']) await send(body)
    await isRead(await send('High at one'))
    assert.deepEqual([...new Set(asked.map(({ name }) => name))], ['chat.read'])
  })

  story('the people of a list have the room on their open pages as soon as they are in the list, and no more when it leaves', async () => {
    const { hub, browser } = stage
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

interface Told {
  /** What was built in the first piece of work that built messages, and how many there were in the end. */
  first: string[]
  all: number
  /** Pixels of nothing above the first of them, in the first picture that showed any. */
  gap: number
  /** Messages that were on screen and then at another place of it. */
  moved: string[]
}

/** Looks at each piece of the room that `go` leads to and at every picture of it, until nothing has been added for half a second's worth of them. */
async function watched(page: Page, go: () => Promise<void>): Promise<Told> {
  await page.evaluate(`void (globalThis.watched = new Promise((resolve) => {
    const tops = new Map()
    const moved = new Set()
    let first, gap, all, calm = 0
    const rowsOf = () => [...document.querySelectorAll('[role=log] [data-seq]')]
    // Told between two pieces of work, however late the next picture is.
    const pieces = new MutationObserver(() => {
      const rows = rowsOf()
      if (rows.length === 0) return
      first = rows.map((row) => row.querySelector('.text').innerText)
      pieces.disconnect()
    })
    pieces.observe(document.body, { subtree: true, childList: true })
    const look = () => {
      const rows = rowsOf()
      if (rows.length > 0) {
        const box = document.querySelector('[role=log]').getBoundingClientRect()
        gap ??= rows[0].getBoundingClientRect().top - box.top
        for (const row of rows) {
          const { top, bottom } = row.getBoundingClientRect()
          if (bottom <= box.top || top >= box.bottom) continue
          const before = tops.get(row.dataset.seq)
          if (before !== undefined && Math.abs(before - top) > 1) moved.add(row.dataset.seq + ': ' + before + ' → ' + top)
          tops.set(row.dataset.seq, top)
        }
        calm = rows.length === all ? calm + 1 : 0
        all = rows.length
        if (calm === 30) return resolve({ first, all, gap, moved: [...moved] })
      }
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  }))`)
  await go()
  return page.evaluate<Told>('watched')
}

/** The first message on screen, and where. */
const topOf = (page: Page) =>
  page.evaluate<{ seq: string; top: number }>(`(() => {
    const log = document.querySelector('[role=log]').getBoundingClientRect()
    const row = [...document.querySelectorAll('[role=log] [data-seq]')].find((one) => one.getBoundingClientRect().bottom > log.top)
    return { seq: row.dataset.seq, top: Math.round(row.getBoundingClientRect().top) }
  })()`)
