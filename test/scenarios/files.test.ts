import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { beforeAll, onTestFinished } from 'vitest'
import { patienceMs, until } from '../harness/browsers.ts'
import { download, linesOn, openDocument, paper, sha256, sharedFolder, standing, write } from './filing.ts'
import { peopled, screenOf, sessionOf, type Somebody } from './people.ts'
import { sceneElsewhere, story, storyWith, weatherOver } from './scene.ts'
import { composer, isAllSent, said, say, writeTo } from './story.ts'

/** What a page knows, for the function below runs in it. */
declare const DataTransfer: new () => { items: { add(file: unknown): void } }
declare const File: new (parts: string[], name: string, options: { type: string }) => unknown

sceneElsewhere('pages without a network, files and documents', (stage) => {
  let ada: Somebody
  let bob: Somebody
  beforeAll(async () => void ({ ada, bob } = await peopled(stage.hub)))
  const row = (page: Page, name: string) => page.getByRole('row').filter({ has: page.getByText(name, { exact: true }) })
  const tray = (page: Page) => page.getByRole('region', { name: 'Uploads' })

  story('the page opens without a network, says so, and goes on by itself when there is one', async () => {
    const sky = await weatherOver(stage.hub.url)
    const { page } = await screenOf(stage.browser, ada, sky.url)
    await writeTo(page, 'Bob Crane')
    await say(page, 'before')
    await until('it is stored', () => isAllSent(page))
    await hasShell(page)

    sky.close()
    await page.reload()
    await page
      .getByText(/You are offline|The hub does not answer|Reconnecting…/)
      .first()
      .waitFor()

    sky.resume()
    await until('what was said is there again', async () => (await said(page)).join() === 'before')
    await say(page, 'after')
    await until('it is stored', () => isAllSent(page))
    assert.deepEqual(await said(page), ['before', 'after'])
  })

  story('what waits is never sent as somebody else who has the browser by then, and goes out when its author is back', async () => {
    const sky = await weatherOver(stage.hub.url)
    const { page } = await screenOf(stage.browser, ada, sky.url)
    await writeTo(page, 'Bob Crane')
    await say(page, 'with a network')
    await until('it is stored', () => isAllSent(page))
    const before = await said(page)
    sky.close()
    await say(page, 'from Ada')
    await page.getByText(/1 message waits/).waitFor()
    await page.goto('about:blank')

    sky.resume()
    await comesAs(page, bob, sky.url)
    await writeTo(page, 'Ada Stork')
    await say(page, 'from Bob')
    await shows(page, [...before, 'from Bob'])

    await comesAs(page, ada, sky.url)
    await writeTo(page, 'Bob Crane')
    await shows(page, [...before, 'from Bob', 'from Ada'])
  })

  // Another process may still hold the upload for one that has just died: that is refused, and tried again.
  storyWith(409)('an upload survives losing the network and the processes that took it', async () => {
    const bytes = randomBytes(24 * 1024 * 1024)
    const { own } = await ada.call('files.spaces', {})
    const folder = await mkdtemp(join(tmpdir(), 'atrium-survey-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const sky = await weatherOver(stage.hub.url)
    const { page } = await screenOf(stage.browser, ada, sky.url)
    const line = await page.context().newCDPSession(page)
    await line.send('Network.enable')
    await line.send('Network.emulateNetworkConditions', {
      ...{ offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 3 * 1024 * 1024 },
    })
    await page.goto(`/files/${own.id}`)
    await page.getByRole('heading', { name: 'My files' }).waitFor()
    const path = join(folder, 'survey.bin')
    await writeFile(path, bytes)
    await page.getByLabel('Upload files', { exact: true }).setInputFiles(path)
    const progress = async () => Number((await page.getByLabel('Progress of survey.bin').getAttribute('value')) ?? 0)
    const reaches = (part: number) => until(`${part * 100} % are there`, async () => (await progress()) > bytes.length * part)

    await reaches(0.15)
    sky.close()
    await tray(page).getByText('The connection broke').waitFor()
    sky.resume()
    await reaches(0.4)
    // What is said of it stands for some seconds, and may be over when the last server is back.
    const isSaid = tray(page)
      .getByText('1 file uploaded')
      .waitFor({ timeout: 2 * patienceMs })
    const isBack = (async () => {
      for (const server of stage.hub.servers) await server.restart('SIGKILL')
    })()
    await Promise.all([isSaid, isBack])
    await until('it is there', async () => (await row(page, 'survey.bin').count()) === 1)
    assert.ok(sky.counts.cuts > 0, 'the line was cut')

    const { files } = await ada.call('files.list', { folderId: own.id })
    const response = await download(ada, stage.hub.url, files.find(({ name }) => name === 'survey.bin')!.id)
    const stored = new Uint8Array(await response.arrayBuffer())
    assert.equal(stored.length, bytes.length)
    assert.equal(sha256(stored), sha256(bytes))
  })

  story('a file dropped into the composer is in the message and in the folder of the room', async () => {
    const { roomId, folderId } = await sharedFolder(ada, bob)
    const [first, second] = [await screenOf(stage.browser, ada, stage.hub.url), await screenOf(stage.browser, bob, stage.hub.url)]
    for (const { page } of [first, second]) {
      await page.goto(`/r/${roomId}`)
      await composer(page).waitFor()
    }
    const dropped = await first.page.evaluateHandle(() => {
      const transfer = new DataTransfer()
      transfer.items.add(new File(['drawing 7'], 'Plan № 7 – 船.csv', { type: 'text/csv' }))
      return transfer
    })
    await composer(first.page).dispatchEvent('drop', { dataTransfer: dropped })
    await composer(first.page).fill('The newest one')
    await composer(first.page).press('Enter')
    await until(
      'it is sent',
      async () => (await second.page.getByRole('log').getByText('The newest one').count()) === 1 && isAllSent(first.page),
    )
    const card = second.page.getByRole('log').getByRole('link', { name: 'Plan № 7 – 船.csv' })
    await card.waitFor()

    await second.page.getByRole('button', { name: 'Files of this room' }).first().click()
    await row(second.page, 'Plan № 7 – 船.csv').waitFor()
    const { files } = await bob.call('files.list', { folderId })
    assert.deepEqual(
      files.map(({ name }) => name),
      ['Plan № 7 – 船.csv'],
    )
    assert.equal(await (await download(bob, stage.hub.url, files[0]!.id)).text(), 'drawing 7')

    // Thrown away, it is said to be gone to whoever looks at the message.
    await ada.call('files.trash', { clientId: randomUUID(), fileIds: [files[0]!.id] })
    await second.page.goto(`/r/${roomId}`)
    await second.page.getByRole('log').getByText('No longer there').waitFor()
  })

  story('two write in one document, one of them without a network; a version is restored, and both see the same', async () => {
    const { folderId } = await sharedFolder(ada, bob)
    const { id } = await ada.call('files.document.create', { clientId: randomUUID(), folderId, name: 'Minutes 潮汐' })
    const sky = await weatherOver(stage.hub.url)
    const [first, second] = [await screenOf(stage.browser, ada, stage.hub.url), await screenOf(stage.browser, bob, sky.url)]
    const pages = [first.page, second.page]
    for (const page of pages) await openDocument(page, id)
    await write(first.page, 'The eaves are lowered.')
    await until('bob reads along', async () => (await linesOn(second.page)).join() === 'The eaves are lowered.')
    await first.page.getByRole('img', { name: 'Also here: Bob Crane' }).waitFor()
    await first.page.getByRole('button', { name: 'Versions' }).click()
    await first.page.getByRole('button', { name: 'Name this version' }).click()
    await first.page.getByRole('dialog').getByLabel('Name').fill('For the council')
    await first.page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
    await first.page.getByRole('button', { name: /^For the council/ }).waitFor()

    await hasShell(second.page)
    sky.close()
    await standing(second.page, 'Offline').waitFor()
    await write(second.page, 'Bob asks the surveyor.')
    await write(first.page, 'Ada phones the yard.')
    assert.ok(!(await linesOn(first.page)).includes('Bob asks the surveyor.'))
    // What was written without a network outlives the page.
    await second.page.reload()
    await until('it is there again', async () => (await linesOn(second.page)).includes('Bob asks the surveyor.'))

    sky.resume()
    for (const page of pages) {
      await until('all of it is on both screens', async () => (await linesOn(page)).length === 3)
      await standing(page, 'Saved').waitFor()
    }
    const written = await linesOn(first.page)
    assert.deepEqual(await linesOn(second.page), written)
    assert.deepEqual(written.toSorted(), ['Ada phones the yard.', 'Bob asks the surveyor.', 'The eaves are lowered.'])

    await first.page.getByRole('button', { name: /^For the council/ }).click()
    await first.page.getByRole('button', { name: 'Restore this version' }).click()
    for (const page of pages)
      await until('the version is back on both', async () => (await linesOn(page)).join() === 'The eaves are lowered.')
    await write(second.page, 'And we go on.')
    await until('they go on from there', async () => (await linesOn(first.page)).join() === 'The eaves are lowered.,And we go on.')
    await paper(first.page).press('End')
    for (const page of pages) await standing(page, 'Saved').waitFor()
  })
})

/** It opens without a network from now on. */
const hasShell = (page: Page) =>
  until('the service worker has the shell', () =>
    page.evaluate('navigator.serviceWorker.ready.then(({ active }) => active?.state === "activated")'),
  )

/** The browser has their session, and its page knows. */
async function comesAs(page: Page, who: Somebody, url: string): Promise<void> {
  await sessionOf(page, who, url)
  await page.goto(url)
  // A page that finds out that it is somebody else's begins anew, and what it knows of them is there before that.
  await page.getByRole('link', { name: `${who.name}. Profile and settings` }).waitFor()
}

/** These words from top to bottom, and none that waits. */
const shows = (page: Page, words: string[]) =>
  until(`“${words.at(-1)}” is stored`, async () => (await said(page)).join('\n') === words.join('\n') && isAllSent(page))
