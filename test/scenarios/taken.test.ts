import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { beforeAll } from 'vitest'
import { AccountId } from '@atrium/protocol'
import { until } from '../harness/browsers.ts'
import { download, linesOn, openDocument, paper, put, sharedFolder, write } from './filing.ts'
import { comeIn, tileOf } from './meeting.ts'
import { colleague, peopled, screenOf, type Somebody } from './people.ts'
import { sceneElsewhere, story } from './scene.ts'
import { composer, isShutOut, password, writeTo } from './story.ts'

/** Nothing else runs beside these stories: they say how soon something is over. */
sceneElsewhere('what is taken', (stage) => {
  let ada: Somebody
  let bob: Somebody
  beforeAll(async () => void ({ ada, bob } = await peopled(stage.hub)))

  story('a shared file is seen by the other one, and gone within a second of unsharing', async () => {
    const { own } = await ada.call('files.spaces', {})
    const file = await put(ada, stage.hub.url, own.id, 'Tide table.txt', Buffer.from('06:12 low'))
    const [first, second] = [await screenOf(stage.browser, ada, stage.hub.url), await screenOf(stage.browser, bob, stage.hub.url)]
    await second.page.goto('/people')
    await second.page.getByRole('heading', { name: 'People' }).waitFor()
    await first.page.goto(`/files/${own.id}`)
    await first.page.getByRole('button', { name: 'More for Tide table.txt' }).click()
    await first.page.getByRole('menuitem', { name: 'Share' }).click()
    const dialog = first.page.getByRole('dialog')
    await dialog.getByRole('list', { name: 'Who has access' }).getByText('Owner').waitFor()
    await dialog.getByRole('searchbox', { name: 'Add people' }).fill('Crane')
    await dialog.getByRole('option', { name: /Bob Crane/ }).click()
    await dialog.getByRole('button', { name: 'Share', exact: true }).click()
    // Wherever Bob is, he is told.
    await second.page.getByRole('link', { name: /^Files.*1 thing needs you$/ }).click()
    await second.page.getByRole('link', { name: /^Shared with me.*1 file is new$/ }).click()
    const seen = second.page.getByRole('main').getByText('Tide table.txt')
    await seen.waitFor()
    await second.page.getByRole('link', { name: 'Files', exact: true }).waitFor()
    assert.equal((await download(bob, stage.hub.url, file.id)).status, 200)

    await ada.call('files.unshare', { clientId: randomUUID(), fileId: file.id, accountId: bob.accountId as never })
    const taken = performance.now()
    await seen.waitFor({ state: 'detached' })
    assert.ok(performance.now() - taken < 1_000, `gone after ${Math.round(performance.now() - taken)} ms`)
    await assert.rejects(download(bob, stage.hub.url, file.id), /not_found/)
  })

  story('who may only read sees what is written and cannot write; a right that is taken is felt within a second', async () => {
    const { own } = await ada.call('files.spaces', {})
    const { id } = await ada.call('files.document.create', { clientId: randomUUID(), folderId: own.id, name: 'Letter' })
    await ada.call('files.share', { clientId: randomUUID(), fileId: id, accountId: bob.accountId as never, may: 'read' })
    const [first, second] = [await screenOf(stage.browser, ada, stage.hub.url), await screenOf(stage.browser, bob, stage.hub.url)]
    await openDocument(first.page, id)
    await second.page.goto(`/f/${id}`)
    await second.page.getByText('You can see this document, but not change it.').waitFor()
    await write(first.page, 'Dear harbour master,')
    await until('bob reads it', async () => (await linesOn(second.page)).join() === 'Dear harbour master,')
    await paper(second.page).click()
    await second.page.keyboard.type('nonsense')
    assert.deepEqual(await linesOn(second.page), ['Dear harbour master,'])

    await ada.call('files.unshare', { clientId: randomUUID(), fileId: id, accountId: bob.accountId as never })
    const taken = performance.now()
    await second.page.getByRole('heading', { name: 'This document cannot be opened' }).waitFor()
    assert.ok(performance.now() - taken < 1_000, `gone after ${Math.round(performance.now() - taken)} ms`)
    assert.equal(await paper(second.page).count(), 0)
  })

  story('a locked person is out within a second on every screen, on whichever process, and stays out', async () => {
    const cleo = await colleague(stage.hub, ada, 'Cleo Grebe', 'cleo@heron.example')
    // A screen at each process that serves people, past whatever stands before them.
    const screens = await Promise.all(stage.hub.servers.map((server) => screenOf(stage.browser, cleo, server.url)))
    const outs = screens.map(async ({ page }) => {
      const socket = await page.waitForEvent('websocket', { predicate: (one) => one.url().includes('/socket.io/') })
      await socket.waitForEvent('close')
      return performance.now()
    })
    for (const { page } of screens) {
      await page.reload()
      await writeTo(page, 'Ada Stork')
    }

    await ada.call('directory.person.change', { clientId: randomUUID(), accountId: AccountId.parse(cleo.accountId), status: 'locked' })
    const locked = performance.now()
    // How soon the next page has loaded is another question: they are out when they hear nothing more.
    for (const out of await Promise.all(outs)) assert.ok(out - locked < 1_000, `out after ${Math.round(out - locked)} ms`)
    for (const { page } of screens) await isShutOut(page)

    for (const { page } of screens) {
      assert.equal(await composer(page).count(), 0)
      await page.goto('/')
      await page.getByLabel('Your address').fill('cleo@heron.example')
      await page.getByRole('textbox', { name: 'Password' }).fill(password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByText('This account is locked. Ask an administrator.').waitFor()
    }
  })

  story(
    'a locked person with everything open is out of all four within a second: the page, the document, the meeting, the download',
    async () => {
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
      await isShutOut(writer!.page)
      const outs = { page: closed.get('page')!, document: closed.get('document')!, meeting: await meetingLeft, download: await downloadCut }
      for (const [what, at] of Object.entries(outs)) assert.ok(at - locked < 1_000, `${what} after ${Math.round(at - locked)} ms`)

      await assert.rejects(download(bob, stage.hub.url, film.id), /unauthenticated/)
    },
  )
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
