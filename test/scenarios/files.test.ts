import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { beforeAll, onTestFinished } from 'vitest'
import { until } from '@atrium/platform/testing'
import { weather } from '../harness/weather.ts'
import { download, sha256, sharedFolder } from './filing.ts'
import { peopled, screenOf } from './people.ts'
import { sceneElsewhere, story, storyWith } from './scene.ts'
import { composer, isAllSent } from './story.ts'

/** What a page knows, for the function below runs in it. */
declare const DataTransfer: new () => { items: { add(file: unknown): void } }
declare const File: new (parts: string[], name: string, options: { type: string }) => unknown

sceneElsewhere('files', (stage) => {
  let people: ReturnType<typeof peopled>
  beforeAll(() => void (people = peopled(stage.hub)))
  const row = (page: Page, name: string) => page.getByRole('row').filter({ has: page.getByText(name, { exact: true }) })
  const tray = (page: Page) => page.getByRole('region', { name: 'Uploads' })

  // Another process may still hold the upload for one that has just died: that is refused, and tried again.
  storyWith(409)('an upload survives losing the network and the processes that took it', async () => {
    const { ada } = await people
    const bytes = randomBytes(24 * 1024 * 1024)
    const { own } = await ada.call('files.spaces', {})
    const folder = await mkdtemp(join(tmpdir(), 'atrium-survey-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const sky = await weather(stage.hub.url)
    onTestFinished(() => sky.stop())
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
    const reaches = (part: number) => until(`${part * 100} % are there`, async () => (await progress()) > bytes.length * part, 30_000)

    await reaches(0.15)
    sky.close()
    await tray(page).getByText('The connection broke').waitFor()
    sky.resume()
    await reaches(0.4)
    for (const server of stage.hub.servers) await server.restart('SIGKILL')
    await until('it is there', async () => (await row(page, 'survey.bin').count()) === 1, 60_000)
    await tray(page).getByText('1 file uploaded').waitFor()
    assert.ok(sky.counts.cuts > 0, 'the line was cut')

    const { files } = await ada.call('files.list', { folderId: own.id })
    const response = await download(ada, stage.hub.url, files.find(({ name }) => name === 'survey.bin')!.id)
    const stored = new Uint8Array(await response.arrayBuffer())
    assert.equal(stored.length, bytes.length)
    assert.equal(sha256(stored), sha256(bytes))
  })

  story('a file dropped into the composer is in the message and in the folder of the room', async () => {
    const { ada, bob } = await people
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
    await until('it is sent', async () => (await second.page.getByText('The newest one').count()) === 1 && isAllSent(first.page))
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
})
