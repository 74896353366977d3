// What a browser loads until one can type, and how quickly it goes from room to room.
import type { Page } from 'playwright-core'
import { openChromium } from '../harness/browsers.ts'
import { addPeople, addRooms } from './crowd.ts'
import { benchHub } from './processes.ts'
import { report } from './rig.ts'

/** What the functions below use of a page, for they run in it: nothing else here knows a browser. */
interface Loaded {
  name: string
  transferSize: number
  decodedBodySize: number
  responseEnd: number
}
interface PageElement {
  innerHTML: string
  click(): void
  cloneNode(): PageElement
  replaceWith(other: PageElement): void
}
declare const document: { querySelector(selector: string): PageElement | null; querySelectorAll(selector: string): ArrayLike<PageElement> }
declare const requestAnimationFrame: (run: () => void) => void

const roomCount = 21
const said = 10_000
/** Messages of the page that a room opens with. */
const stretch = 50
const loads = 3

const { hub, db, stop } = await benchHub()
const people = await addPeople(db, 8)
// Each room ends at a number of its own, by which it is known on the screen: no other has come there yet, or shows it still.
const roomIds = await addRooms(
  db,
  Array.from({ length: roomCount }, (_, n) => ({ members: people, said: said + 2 * stretch * n })),
)
const rooms = roomIds.map((id, n) => ({ id, last: said + 2 * stretch * n }))
const browser = await openChromium({ isWhole: true })

async function newPage(): Promise<Page> {
  const context = await browser.newContext({ baseURL: hub.url, locale: 'en-GB', viewport: { width: 1280, height: 800 } })
  const [name = '', value = ''] = people[0]!.cookie.split('=')
  await context.addCookies([{ name, value, url: hub.url }])
  return context.newPage()
}
const composer = (page: Page) => page.locator('textarea:enabled').first()

/** Kilobytes of JavaScript that had come over the wire when the composer took letters, and all of it. */
async function scriptsUntilTyped(): Promise<{ before: number; all: number }> {
  const page = await newPage()
  await page.setExtraHTTPHeaders({ 'accept-encoding': 'gzip' })
  await page.addInitScript(() => {
    const look = () => (document.querySelector('textarea:enabled') ? performance.mark('composer') : requestAnimationFrame(look))
    look()
  })
  await page.goto(`/r/${rooms[0]!.id}`)
  await composer(page).pressSequentially('a')
  if ((await composer(page).inputValue()) !== 'a') throw new Error('The composer did not take what was typed.')
  await page.waitForLoadState('networkidle')
  const scripts = await page.evaluate(() => {
    const { startTime } = performance.getEntriesByName('composer')[0]!
    return (performance.getEntriesByType('resource') as unknown as Loaded[])
      .filter(({ name }) => name.endsWith('.js'))
      .map(({ transferSize, decodedBodySize, responseEnd }) => ({ transferSize, decodedBodySize, isBefore: responseEnd <= startTime }))
  })
  const sum = (those: typeof scripts) => those.reduce((bytes, { transferSize }) => bytes + transferSize, 0) / 1_000
  const plain = scripts.reduce((bytes, { decodedBodySize }) => bytes + decodedBodySize, 0) / 1_000
  if (sum(scripts) === 0 || sum(scripts) > plain / 2) throw new Error(`${sum(scripts)} kB for ${plain} kB: was it compressed?`)
  await page.context().close()
  return { before: sum(scripts.filter(({ isBefore }) => isBefore)), all: sum(scripts) }
}

/** Milliseconds from the click on a room until its newest message is painted, and until all of its page is built. */
const switchTo = (page: Page, room: { id: string; last: number }): Promise<{ painted: number; built: number }> =>
  page.evaluate(
    ({ id, last, stretch }) =>
      new Promise<{ painted: number; built: number }>((resolve, reject) => {
        const link = document.querySelector(`a[href$="/r/${id}"]`)
        if (!link) return reject(new Error(`no link to ${id}`))
        const begun = performance.now()
        let painted = 0
        // A frame in which the message is there is painted before the next task.
        const look = () => {
          if (!painted && document.querySelector(`[role="log"] [data-seq="${last}"]`))
            setTimeout(() => {
              painted = performance.now() - begun
              look()
            })
          else if (painted && document.querySelectorAll('[role="log"] [data-seq]').length >= stretch)
            resolve({ painted, built: performance.now() - begun })
          else requestAnimationFrame(look)
        }
        link.click()
        requestAnimationFrame(look)
      }),
    { ...room, stretch },
  )

/** The same words in the same page, put there as they are. */
async function staticSwitches(page: Page): Promise<number[]> {
  const shots: string[] = []
  for (const room of rooms.slice(0, 2)) {
    await switchTo(page, room)
    await page.waitForLoadState('networkidle')
    shots.push(await page.locator('[role="log"]').evaluate((log) => log.innerHTML))
  }
  return page.evaluate(async (shots) => {
    const log = document.querySelector('[role="log"]')!
    const still = log.cloneNode()
    log.replaceWith(still)
    const times: number[] = []
    for (let n = 0; n < 20; n++) {
      times.push(
        await new Promise<number>((resolve) => {
          const begun = performance.now()
          still.innerHTML = shots[n % 2]!
          requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begun)))
        }),
      )
    }
    return times
  }, shots)
}

const weights: Awaited<ReturnType<typeof scriptsUntilTyped>>[] = []
for (let n = 0; n < loads; n++) weights.push(await scriptsUntilTyped())

const page = await newPage()
await page.goto(`/r/${rooms[0]!.id}`)
await composer(page).waitFor()
await page.locator(`a[href$="/r/${rooms.at(-1)!.id}"]`).waitFor({ state: 'attached' })
async function switches() {
  const times: Awaited<ReturnType<typeof switchTo>>[] = []
  for (const room of rooms.slice(1)) {
    times.push(await switchTo(page, room))
    await page.waitForTimeout(200) // what is fetched for later does not disturb the next
  }
  return { painted: times.map(({ painted }) => painted), built: times.map(({ built }) => built) }
}
const cold = await switches()
const warm = await switches()
const still = { what: 'the same messages as static HTML in the same page', values: await staticSwitches(page) }

const isReached = report('The page', [
  {
    what: 'JavaScript (gzip) on the wire until the composer can be typed in',
    unit: 'kB',
    ours: weights.map(({ before }) => before),
    reach: { atMost: 100 },
  },
  { what: 'JavaScript (gzip) of the page in the end', unit: 'kB', ours: weights.map(({ all }) => all) },
  { what: `room switch to painted messages, ${said} behind it, warm`, unit: 'ms', ours: warm.painted, reach: { atMost: 50 } },
  { what: `room switch to painted messages, ${said} behind it, cold`, unit: 'ms', ours: cold.painted, reach: { atMost: 150 } },
  { what: `until all ${stretch} of its page are built, warm`, unit: 'ms', ours: warm.built },
  { what: still.what, unit: 'ms', ours: still.values },
])
await browser.close()
await stop()
process.exit(isReached ? 0 : 1)
