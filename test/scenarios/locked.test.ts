import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { test } from 'vitest'
import { AccountId } from '@atrium/protocol'
import { download, openDocument, put, sharedFolder } from './filing.ts'
import { comeIn, tileOf } from './meeting.ts'
import { peopled, screenOf } from './people.ts'
import { scene, sceneElsewhere } from './scene.ts'
import { composer, password, writeTo } from './story.ts'

sceneElsewhere('a locked person', (stage) => {
  test('is out within a second on every screen, on whichever process, and stays out', async () => {
    const { ada, bob } = await peopled(stage.hub)
    // A screen at each process that serves people, past whatever stands before them.
    const screens = await Promise.all(stage.hub.servers.map((server) => screenOf(stage.browser, bob, server.url)))
    const outs = screens.map(async ({ page }) => {
      const socket = await page.waitForEvent('websocket', { predicate: (one) => one.url().includes('/socket.io/') })
      await socket.waitForEvent('close', { timeout: 60_000 })
      return performance.now()
    })
    for (const { page } of screens) {
      await page.reload()
      await writeTo(page, 'Ada Stork')
    }

    await ada.call('directory.person.change', { clientId: randomUUID(), accountId: AccountId.parse(bob.accountId), status: 'locked' })
    const locked = performance.now()
    // How soon the next page has loaded is another question: they are out when they hear nothing more.
    for (const out of await Promise.all(outs)) assert.ok(out - locked < 1_000, `out after ${Math.round(out - locked)} ms`)
    for (const { page } of screens) await page.getByText('Your account is locked. Ask an administrator.').waitFor()

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

scene('a locked person with everything open', (stage) => {
  test('is out of all four within a second: the page, the document, the meeting, the download', async () => {
    const { ada, bob } = await peopled(stage.hub)
    const { folderId } = await sharedFolder(ada, bob)
    const { id } = await ada.call('files.document.create', { clientId: randomUUID(), folderId, name: 'Minutes' })
    const film = await put(ada, stage.hub.url, folderId, 'film.bin', randomBytes(48 * 1024 * 1024))
    const { slug, roomId } = await ada.call('meetings.create', { clientId: randomUUID(), title: 'Harbour Bath' })
    await ada.call('chat.room.invite', { clientId: randomUUID(), roomId, accountIds: [AccountId.parse(bob.accountId)] })
    const [host, writer, talker] = await Promise.all([ada, bob, bob].map((who) => screenOf(stage.browser, who, stage.hub.url)))

    /** When the connections of the writer's page were closed. */
    const closed = new Map<string, number>()
    writer!.page.on('websocket', (socket) =>
      socket.on('close', () => closed.set(socket.url().includes('/collab/') ? 'document' : 'page', performance.now())),
    )
    await openDocument(writer!.page, id)
    await comeIn(host!.page, slug)
    await comeIn(talker!.page, slug)
    await tileOf(host!.page, 'Bob Crane').waitFor()
    let isLocked = false
    const downloadCut = cutOf(await download(bob, stage.hub.url, film.id), () => isLocked)

    const meetingLeft = tileOf(host!.page, 'Bob Crane')
      .waitFor({ state: 'detached' })
      .then(() => performance.now())
    closed.clear()
    // A page that goes away takes its connections along, and says nothing of them any more.
    writer!.page.on('framenavigated', () => closed.has('document') || closed.set('document', performance.now()))
    await ada.call('directory.person.change', { clientId: randomUUID(), accountId: AccountId.parse(bob.accountId), status: 'locked' })
    const locked = performance.now()
    isLocked = true
    // What they then see is a page that has to load: how soon they are out is when they hear nothing more.
    await writer!.page.getByText('Your account is locked. Ask an administrator.').waitFor()
    const outs = { page: closed.get('page')!, document: closed.get('document')!, meeting: await meetingLeft, download: await downloadCut }
    for (const [what, at] of Object.entries(outs)) assert.ok(at - locked < 1_000, `${what} after ${Math.round(at - locked)} ms`)

    await assert.rejects(download(bob, stage.hub.url, film.id), /unauthenticated/)
  })
})

/** Reads as over a link of a few megabytes a second until somebody is locked, and then what is on its way, until it is cut: when that was. */
async function cutOf(response: Response, isLocked: () => boolean): Promise<number> {
  try {
    for await (const part of response.body!) await pause(part.length > 0 && !isLocked() ? 10 : 0)
  } catch {
    return performance.now()
  }
  throw new Error('The download went on to its end.')
}
