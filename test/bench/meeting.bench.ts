// How quickly somebody sees the others: from the click on Join, and from being let in. And what a meeting weighs.
import type { Page } from 'playwright-core'
import { openChromium } from '../harness/browsers.ts'
import { addPeople, addRooms } from './crowd.ts'
import { benchHub } from './processes.ts'
import { percentile, report } from './rig.ts'

const times = 20

/** What the functions below use of a page, for they run in it: nothing else here knows a browser. */
interface PagePicture {
  srcObject: unknown
  muted: boolean
  videoWidth: number
  play(): Promise<void>
  requestVideoFrameCallback(seen: () => void): number
}
interface Connection {
  addTrack(track: unknown, stream: unknown): void
  createOffer(): Promise<unknown>
  createAnswer(): Promise<unknown>
  setLocalDescription(description: unknown): Promise<void>
  setRemoteDescription(description: unknown): Promise<void>
  close(): void
  onicecandidate: (event: { candidate: unknown }) => void
  ontrack: (event: { streams: unknown[] }) => void
  addIceCandidate(candidate: unknown): Promise<void>
}
declare const RTCPeerConnection: new () => Connection
declare const navigator: { mediaDevices: { getUserMedia(wanted: object): Promise<{ getTracks(): { stop(): void }[] }> } }
declare const document: {
  createElement(name: 'video'): PagePicture
  querySelector(selector: string): PagePicture | null
  querySelectorAll(selector: string): Iterable<{ innerText: string; click(): void }>
}
declare const requestAnimationFrame: (run: () => void) => void

const { hub, db, stop } = await benchHub()
const [host, ...others] = await addPeople(db, 2)
const [roomId] = await addRooms(db, [{ members: [host!, others[0]!] }])
const browser = await openChromium({ isWhole: true })

async function ask<T>(cookie: string, operation: string, input: object): Promise<T> {
  const reply = await fetch(`${hub.url}/api/${operation}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: hub.url, cookie },
    body: JSON.stringify({ clientId: crypto.randomUUID(), ...input }),
  })
  const { data, error } = (await reply.json()) as { data: T; error: unknown }
  if (error) throw new Error(JSON.stringify(error))
  return data
}
const { slug } = await ask<{ slug: string }>(host!.cookie, 'meetings.start', { roomId })

async function newPage(cookie?: string, serviceWorkers: 'allow' | 'block' = 'allow'): Promise<Page> {
  const context = await browser.newContext({ baseURL: hub.url, locale: 'en-GB', viewport: { width: 1280, height: 800 }, serviceWorkers })
  const [name = '', value = ''] = cookie?.split('=') ?? []
  if (cookie) await context.addCookies([{ name, value, url: hub.url }])
  return context.newPage()
}
const isDoorOpen = (page: Page) => page.getByLabel('Your picture', { exact: true }).waitFor()
const inside = (page: Page) => page.getByRole('button', { name: 'Leave the meeting' }).waitFor()

/** Milliseconds from a click until the first frame of somebody else is presented. */
const clickToFrame = (page: Page, label: string): Promise<number> =>
  page.evaluate(
    (words) =>
      new Promise<number>((resolve, reject) => {
        const button = [...document.querySelectorAll('button')].find(({ innerText }) => innerText.trim() === words)
        if (!button) return reject(new Error(`There is no button ${words}.`))
        const begun = performance.now()
        const look = () => {
          const picture = document.querySelector('figure:not(:last-of-type) video, .cell:not(:last-child) video')
          if (picture) picture.requestVideoFrameCallback(() => resolve(performance.now() - begun))
          else requestAnimationFrame(look)
        }
        button.click()
        look()
      }),
    label,
  )

/** Two connections in one page, told of each other directly: as quickly as a browser can. */
const plain = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: { ideal: 1280 }, height: { ideal: 720 } } })
    const [near, far] = [new RTCPeerConnection(), new RTCPeerConnection()]
    const begun = performance.now()
    const seen = new Promise<number>((resolve) => {
      far.ontrack = ({ streams }) => {
        const picture = document.createElement('video')
        picture.muted = true
        picture.srcObject = streams[0]
        picture.requestVideoFrameCallback(() => resolve(performance.now() - begun))
        void picture.play()
      }
    })
    near.onicecandidate = ({ candidate }) => void (candidate && far.addIceCandidate(candidate))
    far.onicecandidate = ({ candidate }) => void (candidate && near.addIceCandidate(candidate))
    for (const track of stream.getTracks()) near.addTrack(track, stream)
    const offer = await near.createOffer()
    await near.setLocalDescription(offer)
    await far.setRemoteDescription(offer)
    const answer = await far.createAnswer()
    await far.setLocalDescription(answer)
    await near.setRemoteDescription(answer)
    const took = await seen
    near.close()
    far.close()
    for (const track of stream.getTracks()) track.stop()
    return took
  })

const hosting = await newPage(host!.cookie)
await hosting.goto(`/m/${slug}`)
await isDoorOpen(hosting)
await hosting.getByRole('button', { name: /^(Join|Start the meeting)$/ }).click()
await inside(hosting)

/** Kilobytes of JavaScript that a meeting fetches beyond what the chat had. */
async function weight(): Promise<number> {
  // What comes by way of a service worker seems to weigh nothing.
  const page = await newPage(others[0]!.cookie, 'block')
  await page.setExtraHTTPHeaders({ 'accept-encoding': 'gzip' })
  const scripts = () =>
    page.evaluate(() =>
      (performance.getEntriesByType('resource') as unknown as { name: string; transferSize: number }[])
        .filter(({ name }) => name.endsWith('.js'))
        .map(({ name, transferSize }) => ({ name, transferSize })),
    )
  await page.goto(`/r/${roomId}`)
  await page.locator('textarea:enabled').first().waitFor()
  // What the chat fetches a moment later is the chat's, too.
  await page.waitForLoadState('networkidle')
  const chat = new Set((await scripts()).map(({ name }) => name))
  await page.goto(`/m/${slug}`)
  await isDoorOpen(page)
  await page.getByRole('button', { name: 'Join' }).click()
  await inside(page)
  await page.getByLabel(/^Picture of Person/).waitFor()
  const more = (await scripts()).filter(({ name }) => !chat.has(name))
  await page.context().close()
  return more.reduce((bytes, { transferSize }) => bytes + transferSize, 0) / 1_000
}
const kilobytes = await weight()

const joins: number[] = []
const bare: number[] = []
const joining = await newPage(others[0]!.cookie)
const comparing = await newPage(others[0]!.cookie)
await comparing.goto('/about')
for (let n = 0; n < times; n++) {
  bare.push(await plain(comparing))
  await joining.goto(`/m/${slug}`)
  await isDoorOpen(joining)
  await joining.waitForLoadState('networkidle')
  joins.push(await clickToFrame(joining, 'Join'))
  await joining.getByRole('button', { name: 'Leave the meeting' }).click()
  await joining.waitForURL(/\/r\//)
}
await joining.context().close()
await comparing.context().close()

/** Milliseconds from the host's Admit until the guest is shown the first frame: two pages of one machine, so one clock. */
async function admitted(n: number): Promise<number> {
  const guest = await newPage()
  await guest.goto(`/m/${slug}`)
  await isDoorOpen(guest)
  await guest.getByLabel('Your name').fill(`Guest ${n}`)
  await guest.waitForLoadState('networkidle')
  await guest.getByRole('button', { name: 'Ask to come in' }).click()
  await guest.getByText('The hosts know you are here').waitFor()
  const seen = guest.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const look = () => {
          const picture = document.querySelector('.cell:not(:last-child) video')
          if (picture) picture.requestVideoFrameCallback(() => resolve(performance.timeOrigin + performance.now()))
          else requestAnimationFrame(look)
        }
        look()
      }),
  )
  await hosting.getByRole('button', { name: 'Admit', exact: true }).waitFor()
  const clicked = await hosting.evaluate(() => {
    const at = performance.timeOrigin + performance.now()
    ;[...document.querySelectorAll('button')].find(({ innerText }) => innerText.trim() === 'Admit')!.click()
    return at
  })
  const took = (await seen) - clicked
  await guest.getByRole('button', { name: 'Leave the meeting' }).click()
  await guest.context().close()
  return took
}
const admissions: number[] = []
for (let n = 0; n < times; n++) admissions.push(await admitted(n))

const late = (values: readonly number[]) => [percentile(values, 0.95)]
const isReached = report('Meetings in a browser', [
  { what: 'JavaScript (gzip) of a meeting, on top of the chat', unit: 'kB', ours: [kilobytes], reach: { atMost: 60 } },
  {
    what: `click on Join until the first frame of somebody else, p95 of ${times}`,
    unit: 'ms',
    ours: late(joins),
    baseline: { what: 'two connections in one page', values: late(bare) },
    reach: { atMost: 2 },
  },
  { what: `the same, absolute, p95 of ${times}`, unit: 'ms', ours: late(joins), reach: { atMost: 1_000 } },
  { what: 'the same, every time', unit: 'ms', ours: joins },
  { what: `admitted until the guest’s first frame, p95 of ${times}`, unit: 'ms', ours: late(admissions), reach: { atMost: 1_200 } },
  { what: 'the same, every time', unit: 'ms', ours: admissions },
])
await browser.close()
await stop()
process.exit(isReached ? 0 : 1)
