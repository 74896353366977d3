import { createHash, randomUUID } from 'node:crypto'
import type { Locator, Page } from 'playwright-core'
import type { File, FileId, RoomId } from '@atrium/protocol'
import type { Somebody } from './people.ts'

/** What people do with files and documents, found as a screen reader finds it, and what programs do over HTTP. */

/** The folder of the room in which two people write to each other. */
export async function sharedFolder(one: Somebody, other: Somebody): Promise<{ roomId: RoomId; folderId: FileId }> {
  const { room } = await one.call('chat.direct', { clientId: randomUUID(), accountId: other.accountId as never })
  const { id } = await one.call('files.room', { roomId: room.id })
  return { roomId: room.id, folderId: id }
}

const cookieOf = ({ cookie }: Somebody) => `${cookie.name}=${cookie.value}`

/** Puts bytes into a folder as tus 1.0 says, in one piece. */
export async function put(who: Somebody, url: string, folderId: FileId, name: string, bytes: Buffer): Promise<File> {
  const { uploadId, path } = await who.call('files.upload.begin', { clientId: randomUUID(), folderId, name, bytes: bytes.length })
  const response = await fetch(new URL(path, url), {
    method: 'PATCH',
    headers: {
      ...{ cookie: cookieOf(who), origin: url, 'tus-resumable': '1.0.0' },
      ...{ 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
    },
    body: new Uint8Array(bytes),
  })
  if (response.status !== 204) throw new Error(`PATCH: ${response.status} ${await response.text()}`)
  for (;;) {
    const { state, file, problem } = await who.call('files.upload.state', { uploadId })
    if (file) return file
    if (state === 'failed') throw new Error(`${name}: ${problem}`)
  }
}

/** Begins to download; nothing is read until somebody does. */
export async function download(who: Somebody, url: string, fileId: FileId): Promise<Response> {
  const { path } = await who.call('files.download', { fileId })
  return fetch(new URL(path, url), { headers: { cookie: cookieOf(who) } })
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export const paper = (page: Page): Locator => page.getByRole('textbox', { name: 'Text of the document' })
export const standing = (page: Page, words: string): Locator => page.getByRole('status').filter({ hasText: words })

/** A document on screen, ready to be written in. */
export async function openDocument(page: Page, fileId: FileId): Promise<void> {
  await page.goto(`/f/${fileId}`)
  await paper(page).waitFor()
  await standing(page, 'Saved').waitFor()
}

/** Writes a paragraph after all that is there. */
export async function write(page: Page, words: string): Promise<void> {
  await paper(page).press('Control+End')
  // The editor reads where the caret went when it is drawn there; nobody presses the next key before they see it.
  await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(drawn))))')
  if ((await linesOn(page)).length > 0) await page.keyboard.press('Enter')
  await page.keyboard.type(words)
}

/** What a document says, paragraph by paragraph, without what is only drawn there, as carets are. */
export const linesOn = (page: Page): Promise<string[]> =>
  paper(page)
    .locator('p')
    .evaluateAll((lines) =>
      (lines as unknown as { cloneNode(deep: true): Line }[])
        .map((line) => line.cloneNode(true))
        .map((line) => {
          for (const drawn of line.querySelectorAll('[contenteditable=false], .ProseMirror-widget, [class*=caret]')) drawn.remove()
          return line.textContent.trim()
        })
        .filter((words) => words !== ''),
    )
interface Line {
  querySelectorAll(selector: string): Iterable<{ remove(): void }>
  textContent: string
}
