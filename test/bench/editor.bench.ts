// What the editor weighs on top of the chat, and how soon there is a caret in a document that was long worked on.
import { randomUUID } from 'node:crypto'
import type { Page } from 'playwright-core'
import { Doc, encodeStateAsUpdate, encodeStateVector, XmlElement, XmlText } from 'yjs'
import type { File, FileId, Hub, Output } from '@atrium/protocol'
import { beginWith } from '../../collab/src/store.ts'
import { openChromium } from '../harness/browsers.ts'
import { addPeople, addRooms } from './crowd.ts'
import { benchHub } from './processes.ts'
import { report } from './rig.ts'

const operations = 260_000
const times = 10

/** What the functions below use of a page, for they run in it. */
declare const document: { activeElement: { isContentEditable: boolean } | null }
declare const requestAnimationFrame: (run: () => void) => void

/**
 * A document as years of work leave it: runs of typing at one place after another, now and then some of it deleted again. The same
 * each time, or two runs could not be compared.
 */
function workedOn(): Doc {
  const doc = new Doc()
  const paper = doc.getXmlFragment('default')
  let seed = 7
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
  const texts: XmlText[] = []
  let done = 0
  while (done < operations)
    doc.transact(() => {
      if (texts.length === 0 || (random(12) === 0 && texts.length < 2_000)) {
        const [paragraph, text] = [new XmlElement('paragraph'), new XmlText()]
        paragraph.insert(0, [text])
        paper.insert(random(paper.length + 1), [paragraph])
        texts.push(text)
      }
      // A run of letters, most of them kept: what is taken back is taken back at its end.
      const text = texts[random(texts.length)]!
      let at = random(text.length + 1)
      for (let n = random(60) + 20; n > 0; n--, done++) text.insert(at++, 'etaoin shrdlu'[random(13)]!)
      for (let n = random(40); n > 0 && at > 0; n--, done++) text.delete(--at, 1)
    })
  return doc
}

const { hub, db, stop } = await benchHub()
const [me, other] = await addPeople(db, 2)
const [roomId] = await addRooms(db, [{ members: [me!, other!] }])

async function ask<T>(operation: string, input: object): Promise<T> {
  const reply = await fetch(`${hub.url}/api/${operation}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: hub.url, cookie: me!.cookie },
    body: JSON.stringify(input),
  })
  const { data, error } = (await reply.json()) as { data: T; error: unknown }
  if (error) throw new Error(JSON.stringify(error))
  return data
}
const { own } = await ask<Output<Hub, 'files.spaces'>>('files.spaces', {})
async function newDocument(name: string, doc: Doc): Promise<FileId> {
  const { id } = await ask<File>('files.document.create', { clientId: randomUUID(), folderId: own.id, name })
  await beginWith(db, id, Buffer.from(encodeStateAsUpdate(doc)), Buffer.from(encodeStateVector(doc)))
  return id
}
const worked = workedOn()
const kilobytes = encodeStateAsUpdate(worked).length / 1_000
await newDocument('Long worked on', worked)
const small = await newDocument('Empty', new Doc())

const browser = await openChromium({ isWhole: true })
async function newPage(serviceWorkers: 'allow' | 'block' = 'allow'): Promise<Page> {
  const context = await browser.newContext({ baseURL: hub.url, locale: 'en-GB', viewport: { width: 1280, height: 800 }, serviceWorkers })
  const [name = '', value = ''] = me!.cookie.split('=')
  await context.addCookies([{ name, value, url: hub.url }])
  return context.newPage()
}

/** Kilobytes of JavaScript that a document fetches beyond what the chat had. */
async function weight(): Promise<number> {
  // What comes by way of a service worker seems to weigh nothing.
  const page = await newPage('block')
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
  await page.goto(`/f/${small}`)
  await page.getByRole('textbox', { name: 'Text of the document' }).waitFor()
  await page.waitForLoadState('networkidle')
  const more = (await scripts()).filter(({ name }) => !chat.has(name))
  await page.context().close()
  return more.reduce((bytes, { transferSize }) => bytes + transferSize, 0) / 1_000
}

/** From a click on the document's name until a key would write into its text: the page has the editor from the one before. */
async function untilCaret(page: Page, name: string): Promise<number> {
  await page.goto('/files')
  await page.getByRole('link', { name }).first().waitFor()
  await page.waitForLoadState('networkidle')
  return page.evaluate(
    (wanted) =>
      new Promise<number>((resolve) => {
        const doc = document as unknown as { querySelectorAll(selector: string): Iterable<{ innerText: string; click(): void }>; querySelector(selector: string): { focus(): void; childElementCount: number } | null } // prettier-ignore
        const begun = performance.now()
        const look = () => {
          const paper = doc.querySelector('[role=textbox][contenteditable=true]')
          paper?.focus()
          if (paper && paper.childElementCount > 0 && document.activeElement?.isContentEditable) resolve(performance.now() - begun)
          else requestAnimationFrame(look)
        }
        ;[...doc.querySelectorAll('a')].find(({ innerText }) => innerText.includes(wanted))!.click()
        look()
      }),
    name,
  )
}

const editorKilobytes = await weight()
const page = await newPage()
await page.goto(`/f/${small}`)
await page.getByRole('textbox', { name: 'Text of the document' }).waitFor()
const [carets, bare]: number[][] = [[], []]
for (let n = 0; n < times; n++) {
  bare!.push(await untilCaret(page, 'Empty'))
  carets!.push(await untilCaret(page, 'Long worked on'))
}
await browser.close()
await stop()

process.exitCode = report('Documents in a browser', [
  { what: 'JavaScript (gzip) of the editor, on top of the chat', unit: 'kB', ours: [editorKilobytes], reach: { atMost: 180 } },
  {
    what: `${operations.toLocaleString('en')} operations (${kilobytes.toFixed(0)} kB): from the click until there is a caret`,
    unit: 'ms',
    ours: carets!,
    reach: { atMost: 400 },
  },
  { what: 'the same of an empty document', unit: 'ms', ours: bare! },
])
  ? 0
  : 1
