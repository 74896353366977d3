import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Page } from 'playwright-core'
import { beforeAll } from 'vitest'
import { AccountId } from '@atrium/protocol'
import { until } from '@atrium/platform/testing'
import type { Screen } from '../harness/browsers.ts'
import { peopled, screenOf } from './people.ts'
import { scene, story } from './scene.ts'

scene('a long room', (stage) => {
  let ada: Screen
  beforeAll(async () => {
    const people = await peopled(stage.hub)
    const { room } = await people.bob.call('chat.direct', { clientId: randomUUID(), accountId: AccountId.parse(people.ada.accountId) })
    await people.ada.call('chat.room.create', { clientId: randomUUID(), name: 'Plans', about: '', memberIds: [] })
    for (let n = 1; n <= 90; n++) {
      const body = `${n}: ${'the tide turns '.repeat(1 + (n % 40))}`
      await people.bob.call('chat.send', {
        clientId: randomUUID(),
        roomId: room.id,
        body,
        replyTo: null,
        mentions: [],
        pictures: [],
        files: [],
      })
    }
    ada = await screenOf(stage.browser, people.ada, stage.hub.url)
    await ada.page.goto('/r')
  })

  const log = (page: Page) => page.getByRole('log')
  const goTo = (page: Page, name: string) => page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name }).click()

  story('opens where reading ended, and what is on screen stays where it is while the rest is built', async () => {
    const told = await watched(ada.page, () => goTo(ada.page, 'Bob Crane'))
    assert.deepEqual(told.moved, [])
    await log(ada.page).getByText('New', { exact: true }).waitFor()
    assert.ok(told.first.some((text) => text.startsWith('1: ')))
  })

  story('left at its end, it opens there at once, filled', async () => {
    await ada.page.getByRole('button', { name: /newest|new messages?/ }).click()
    await until('the end is on screen', () => log(ada.page).getByText('90: ').isVisible())
    await until('it was read', async () => (await ada.page.getByRole('link', { name: /Bob Crane, .*unread/ }).count()) === 0)
    await goTo(ada.page, 'Plans')
    const told = await watched(ada.page, () => goTo(ada.page, 'Bob Crane'))
    assert.ok(told.first.length < told.all, `all of ${told.all} were built at once`)
    assert.ok(told.first.at(-1)?.startsWith('90: '), told.first.join('\n'))
    assert.ok(told.gap <= 0, `${told.gap} px of nothing above the first message`)
    assert.deepEqual(told.moved, [])
  })

  story('left in its middle, it shows the same message at the same place', async () => {
    await log(ada.page).evaluate('(log) => { log.scrollTop = log.scrollHeight / 2 }')
    const left = await until('it has come to rest', async () => {
      const [before, after] = [await topOf(ada.page), await topOf(ada.page)]
      return before.top === after.top && before
    })
    await goTo(ada.page, 'Plans')
    const told = await watched(ada.page, () => goTo(ada.page, 'Bob Crane'))
    assert.deepEqual(told.moved, [])
    assert.deepEqual(await topOf(ada.page), left)
  })
})

interface Told {
  /** What was built in the first picture that showed messages, and how many were in the end. */
  first: string[]
  all: number
  /** Pixels of nothing above the first of them. */
  gap: number
  /** Messages that were on screen and then at another place of it. */
  moved: string[]
}

/** Looks at every picture of the room that `go` leads to, until nothing has been added for half a second's worth of them. */
async function watched(page: Page, go: () => Promise<void>): Promise<Told> {
  await page.evaluate(`void (globalThis.watched = new Promise((resolve) => {
    const tops = new Map()
    const moved = new Set()
    let first, gap, all, calm = 0
    const look = () => {
      const log = document.querySelector('[role=log]')
      const rows = [...(log?.querySelectorAll('[data-seq]') ?? [])]
      if (rows.length > 0) {
        const box = log.getBoundingClientRect()
        first ??= rows.map((row) => row.querySelector('.text').innerText)
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
