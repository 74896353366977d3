import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { beforeAll, onTestFinished } from 'vitest'
import { until } from '@atrium/platform/testing'
import { weather } from '../harness/weather.ts'
import { linesOn, openDocument, paper, sharedFolder, standing, write } from './filing.ts'
import { peopled, screenOf } from './people.ts'
import { sceneElsewhere, story } from './scene.ts'

sceneElsewhere('documents', (stage) => {
  let people: ReturnType<typeof peopled>
  beforeAll(() => void (people = peopled(stage.hub)))

  story('two write in one document, one of them without a network; a version is restored, and both see the same', async () => {
    const { ada, bob } = await people
    const { folderId } = await sharedFolder(ada, bob)
    const { id } = await ada.call('files.document.create', { clientId: randomUUID(), folderId, name: 'Minutes 潮汐' })
    const sky = await weather(stage.hub.url)
    onTestFinished(() => sky.stop())
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

    await until(
      'the service worker has the shell',
      () => second.page.evaluate('navigator.serviceWorker.ready.then(({ active }) => active?.state === "activated")'),
      30_000,
    )
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
      await until('all of it is on both screens', async () => (await linesOn(page)).length === 3, 20_000)
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
