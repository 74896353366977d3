import { chromium, type Browser, type Page } from 'playwright-core'
import { found } from '@atrium/infra/servers'
import { until as untilSoon } from '@atrium/platform/testing'
import { cameraFilm } from './camera.ts'

/** Chromium without the windows around its pages, where it is to be had: a story takes a quarter less of the machine. */
export const shellProgram = () => found('chromium-headless-shell')
const wholeProgram = () => found('chromium') ?? found('chromium-browser') ?? found('google-chrome')
export const chromiumProgram = () => shellProgram() ?? wholeProgram()
export const firefoxProgram = () => found('firefox-esr') ?? found('firefox')

/** How long a page may take to show what it will show: several browsers draw on one machine, and others use that, too. */
export const patienceMs = 60_000
/** Waits for a thing that will happen, as long as for what a page will show. */
export const until = <T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<T>> => untilSoon(what, look, patienceMs)

/** How a Chromium is started; its camera shows the film, or, without one, what Chromium itself makes up. */
export const flags = (film?: string) => [
  ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream=fps=10', '--use-fake-ui-for-media-stream'],
  ...(film ? [`--use-file-for-fake-video-capture=${film}`] : []),
]

/** One that gives whatever a page wants, or a small one. */
export type Camera = 'any' | 'small'

/**
 * A real Chromium; everybody in a story gets a `screen` of it.
 * `isWhole`: as people have it, for what is measured.
 */
export async function openChromium({ camera = 'any', isWhole = false }: { camera?: Camera; isWhole?: boolean } = {}): Promise<Browser> {
  const executablePath = (isWhole ? wholeProgram() : undefined) ?? chromiumProgram()
  if (!executablePath) throw new Error('needs chromium')
  return chromium.launch({ executablePath, args: flags(camera === 'small' ? await cameraFilm() : undefined) })
}

export interface Screen {
  page: Page
  /** What went wrong in the page, unasked: a story ends with none. */
  troubles: string[]
}

/** Those of all browsers of this process; closing a page takes it out, with what went wrong in it. */
const openScreens = new Set<Screen>()

/** A hub that is away, also while Chromium asks for the service worker. */
const isOfNetwork =
  /net::ERR|WebSocket connection|status of (401|502|503|504)|(An unknown error occurred|code \(50[234]\) was received) when fetching the script/

/** A person's own browser profile, with one page open. Errors that a bad network makes are not the page's. */
export async function screen(browser: Browser, url: string): Promise<Screen> {
  const context = await browser.newContext({
    baseURL: url,
    locale: 'en-GB',
    viewport: { width: 1280, height: 800 },
    // What moves is drawn by the processors that the hub runs on: a fifth of what a story takes.
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  page.setDefaultTimeout(patienceMs)
  const troubles: string[] = []
  const opened = { page, troubles }
  openScreens.add(opened)
  page.once('close', () => openScreens.delete(opened))
  page.on('pageerror', (error) => troubles.push(`${error}`))
  page.on('console', (message) => {
    if (message.type() === 'error' && !isOfNetwork.test(message.text())) troubles.push(message.text())
  })
  return opened
}

/** What went wrong on all pages, but for refusals of these statuses: they are said on the page, and the browser notes them as well. */
export function unasked(refusals: readonly number[]): string[] {
  const troubles = [...openScreens].flatMap((one) => one.troubles)
  return troubles.filter((trouble) => !refusals.some((status) => trouble.includes(`status of ${status}`)))
}

/** For a story that failed: what all pages show now, as a screen reader would say it. */
export async function told(error: unknown): Promise<never> {
  const shown = await Promise.all(
    [...openScreens].map(async ({ page, troubles }) => {
      const tree = await page
        .locator('body')
        .ariaSnapshot({ timeout: 2_000 })
        .catch(() => 'nothing')
      return `--- ${page.url()}\n${tree}\n${troubles.join('\n')}`
    }),
  )
  const { name, message } = error instanceof Error ? error : new Error(`${error}`)
  throw Object.assign(new Error(`${message}\n${shown.join('\n')}`, { cause: error }), { name })
}
