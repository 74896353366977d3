import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Locator, Page, Route } from 'playwright-core'
import { beforeAll } from 'vitest'
import { AccountId, type AuditEntry, type DomainId } from '@atrium/protocol'
import { until } from '../harness/browsers.ts'
import type { Screen } from '../harness/browsers.ts'
import { put } from './filing.ts'
import { colleague, once, peopled, screenOf, type Somebody } from './people.ts'
import { scene, storyWith, usualRefusals } from './scene.ts'
import { button, isSamePage, isShutOut, markPage, password, show } from './story.ts'

/** What a page knows, for a function below runs in it. */
declare const getComputedStyle: (element: unknown) => { color: string }

const story = storyWith(...usualRefusals, 413, 429)

scene('administering domains and lists', (stage) => {
  let ada: Somebody
  let bob: Somebody
  let cleo: Somebody
  let edda: Somebody
  let adas: Screen
  let bobs: Screen
  let page: Page
  let pond: DomainId
  const firstPassword = 'only for the first day'
  beforeAll(async () => {
    ;({ ada, bob } = await peopled(stage.hub))
    cleo = await colleague(stage.hub, ada, 'Cleo Grebe', 'cleo@heron.example')
    ;[adas, bobs] = [await screenOf(stage.browser, ada, stage.hub.url), await screenOf(stage.browser, bob, stage.hub.url)]
    page = adas.page
    await page.goto('/admin/domains')
  })

  story('a new domain takes as many accounts as it may have, and says how many that are to whoever makes one more', async () => {
    await button(page, 'New domain').click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Domain name').fill('pond.example')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'pond.example' }).waitFor()
    edda = await colleague(stage.hub, ada, 'Edda Coot', 'edda@pond.example')
    const { domains } = await ada.call('domains.list', {})
    pond = domains.find(({ name }) => name === 'pond.example')!.id

    await page.getByRole('tab', { name: 'Limits' }).click()
    await page.getByLabel('Accounts at most').fill('2')
    // Of somebody else, meanwhile: it is not taken back.
    const bytes = 2 ** 40
    await ada.call('domains.limits', { ...once(), domainId: pond, limits: { bytes } })
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'pond.example 1 of 2 accounts' }).waitFor()
    assert.equal((await ada.call('domains.get', { domainId: pond })).limits.bytes, bytes)

    await page.getByRole('link', { name: 'Accounts', exact: true }).click()
    await button(page, 'New account').click()
    await nameSomebody(dialog, 'Gus', 'Gull')
    await dialog.getByText('pond.example: 1 of 2 accounts').waitFor()
    await dialog.getByRole('textbox', { name: 'First password' }).fill(firstPassword)
    await button(dialog, 'Create with these data').click()
    await page.getByRole('link', { name: /Gus Gull/ }).waitFor()

    await button(page, 'New account').click()
    await nameSomebody(dialog, 'Ina', 'Tern')
    await dialog.getByText('pond.example: 2 of 2 accounts').waitFor()
    await dialog.getByRole('textbox', { name: 'First password' }).fill(firstPassword)
    await button(dialog, 'Create with these data').click()
    await dialog.getByRole('alert').getByText('This domain may have 2 accounts, and has them.').waitFor()
    await button(dialog, 'Cancel').click()
    assert.equal((await ada.call('domains.get', { domainId: pond })).accounts, 2)
  })

  story('what a domain wears is on an open page at once; locked or closed, it has its people out, and active in again', async () => {
    const eddas = await screenOf(stage.browser, edda, stage.hub.url)
    const at = eddas.page
    const home = at.getByRole('link', { name: 'Home', exact: true })
    const colour = () => home.evaluate((link) => getComputedStyle(link).color)
    // What a page that opens is told of itself is older than what was changed meanwhile.
    const [asked, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const answer = async (route: Route) => {
      const response = await route.fetch()
      asked.resolve()
      await gate.promise
      await route.fulfill({ response })
    }
    await at.route('**/api/directory.me*', answer, { times: 1 })
    await at.goto('/')
    await asked.promise
    await ada.call('domains.look', { ...once(), domainId: pond, look: { name: 'Reed House' } })
    gate.resolve()
    await at.getByRole('link', { name: 'Reed House' }).waitFor()
    await markPage(at)
    const before = await colour()

    await page.getByRole('link', { name: 'Domains', exact: true }).click()
    await page.getByRole('link', { name: /^pond\.example/ }).click()
    await page.getByRole('tab', { name: 'Look' }).click()
    await page.getByLabel('Name shown').fill('Pond House')
    await page.getByLabel('Page title').fill('By the pond')
    await page.getByLabel('Accent colour: As a code').fill('#f4a2e0')
    await page.getByText(/^Only [12]\.\d : 1 on one of the pages; at least 3 : 1 is needed\.$/).waitFor()
    assert.ok(await button(page, 'Save').isDisabled())
    const pale = { name: null, title: null, accent: '#f4a2e0' }
    await assert.rejects(ada.call('domains.look', { ...once(), domainId: pond, look: pale }), /domains\.lowContrast/)
    await button(page, 'Take the nearest that fits').click()
    await page.getByText(/^Seen well on light and dark pages \(3/).waitFor()
    await button(page, 'Save').click()

    await at.getByRole('link', { name: 'Pond House' }).waitFor()
    await until('the page is called so', async () => (await at.title()).endsWith(' · By the pond'))
    await until('it has the colour', async () => (await colour()) !== before)
    assert.ok(await isSamePage(at))
    assert.equal(await page.getByRole('link', { name: 'Heron Works' }).count(), 1)

    const status = page.getByLabel('Status', { exact: true })
    await page.getByRole('tab', { name: 'General' }).click()
    for (const [shut, said] of [
      ['Locked', 'This account is locked. Ask an administrator.'],
      ['Closed', 'This account is closed. An administrator can open it.'],
    ] as const) {
      const chip = page.getByRole('link', { name: /^pond\.example/ }).getByText(shut)
      await status.selectOption({ label: shut })
      await isShutOut(at)
      await chip.waitFor()
      await show(at, 'edda@pond.example')
      await at.getByText(said).waitFor()
      await status.selectOption({ label: 'Active' })
      await chip.waitFor({ state: 'detached' })
      await show(at, 'edda@pond.example')
      await at.getByRole('link', { name: 'Pond House' }).waitFor()
    }

    await page.getByRole('link', { name: /^heron\.example/ }).click()
    await page.getByRole('heading', { name: 'heron.example' }).waitFor()
    await status.selectOption({ label: 'Locked' })
    await page.getByText('Nobody would be left who administers this hub.').waitFor()
    await until('it stays', async () => (await status.inputValue()) === 'active')
  })

  story('a list is made in four steps that forget nothing, and its owner brings in somebody more', async () => {
    const wizard = page.getByRole('dialog')
    const recapIs = (wanted: string[]) =>
      until(`the recap says ${wanted.join()}`, async () => {
        const said = await wizard.getByRole('definition').allInnerTexts()
        return said.join() === wanted.join()
      })
    await page.getByRole('link', { name: 'Lists', exact: true }).click()
    await button(page, 'New list').click()
    await button(wizard, 'Next').click()
    await wizard.getByText('Enter a name.').waitFor()
    await nameList(wizard, 'Boat crew', 'crew')
    await page.keyboard.press('Enter')
    await step(wizard, 'Step 2 of 4 · Members')
    const members = wizard.getByRole('combobox', { name: 'Members' })
    await members.pressSequentially('bob')
    await wizard.getByRole('option', { name: /Bob Crane/ }).waitFor()
    await members.press('Enter')
    await wizard.getByRole('button', { name: 'Remove bob@heron.example' }).waitFor()
    await paste(page, members, 'Edda Coot <edda@pond.example>; cleo@heron.example\nkeeper@harbour.test')
    await wizard.getByRole('button', { name: 'Remove keeper@harbour.test' }).waitFor()
    await button(wizard, 'Next').click()
    await wizard.getByRole('switch', { name: 'Tell new members' }).click()
    await wizard.getByRole('combobox', { name: 'Owners' }).fill('bob')
    await button(wizard, 'Next').click()

    const recap = ['Boat crew', 'crew@heron.example', 'Bob Crane, edda@pond.example, cleo@heron.example, keeper@harbour.test']
    const whole = [...recap, 'Off', 'Off', 'Bob Crane']
    await step(wizard, 'Step 4 of 4 · Recap')
    await recapIs(whole)
    for (const at of [3, 2, 1]) {
      await button(wizard, 'Back').click()
      await step(wizard, `Step ${at} of 4`)
    }
    assert.equal(await wizard.getByLabel('Name', { exact: true }).inputValue(), 'Boat crew')
    for (const at of [2, 3, 4]) {
      await button(wizard, 'Next').click()
      await step(wizard, `Step ${at} of 4`)
    }
    await recapIs(whole)
    await button(wizard, 'Create').click()

    await page.getByRole('link', { name: 'Boat crew crew@heron.example · 4 people' }).waitFor()
    const four = page.getByRole('region', { name: 'Members · 4' })
    for (const name of ['Bob Crane', 'Edda Coot', 'Cleo Grebe', 'keeper@harbour.test']) await line(four, name).waitFor()

    await bobs.page.goto('/people')
    await bobs.page.getByRole('link', { name: 'Lists', exact: true }).click()
    await bobs.page.getByRole('heading', { name: 'Lists I own' }).waitFor()
    await bobs.page.getByRole('link', { name: /Boat crew/ }).click()
    await button(bobs.page, 'Add members').click()
    const dialog = bobs.page.getByRole('dialog')
    const find = dialog.getByRole('searchbox', { name: 'Name of a person or a list' })
    await find.fill('stork')
    await dialog.getByRole('option', { name: /Ada Stork/ }).waitFor()
    await find.press('Enter')
    await button(dialog, 'Add 1').click()
    await dialog.waitFor({ state: 'detached' })
    await line(bobs.page.getByRole('main'), 'Ada Stork').waitFor()
    await bobs.page.getByRole('link', { name: /Boat crew.*5 people/ }).waitFor()

    await again(page, 'Boat crew')
    await line(page.getByRole('region', { name: 'Members · 5' }), 'Ada Stork').waitFor()
  })

  story('a dynamic list refuses a filter that cannot be read, shows whom one finds, and has whoever fits it later', async () => {
    const worksAt = (who: Somebody, department: string) =>
      ada.call('accounts.change', { ...once(), accountId: AccountId.parse(who.accountId), profile: { department } })
    const wizard = page.getByRole('dialog')
    await worksAt(bob, 'Harbour')
    await button(page, 'New list').click()
    await nameList(wizard, 'Harbour staff', 'harbour')
    await wizard.getByRole('switch', { name: 'Dynamic: members follow from a filter' }).click()
    await button(wizard, 'Next').click()
    const url = wizard.getByLabel('List URL')
    await url.fill('ldap:///??sub?(department=Harbour')
    await button(wizard, 'Next').click()
    await wizard.getByText('This is no list URL that can be used.').waitFor()
    await step(wizard, 'Step 2 of 4')
    await url.fill('ldap:///??sub?(department=Harbour)')
    await button(wizard, 'Preview').click()
    await wizard.getByText('1 person: Bob Crane').waitFor()
    for (const at of [3, 4]) {
      await button(wizard, 'Next').click()
      await step(wizard, `Step ${at} of 4`)
    }
    await button(wizard, 'Create').click()
    await line(page.getByRole('region', { name: 'Members · 1' }), 'Bob Crane').waitFor()

    await worksAt(cleo, 'Harbour')
    await again(page, 'Harbour staff')
    await line(page.getByRole('region', { name: 'Members · 2' }), 'Cleo Grebe').waitFor()
    await worksAt(bob, 'Workshop')
    await again(page, 'Harbour staff')
    const one = page.getByRole('region', { name: 'Members · 1' })
    await line(one, 'Cleo Grebe').waitFor()
    assert.equal(await line(one, 'Bob Crane').count(), 0)
  })

  story('a meeting room has its seats, its place and who decides about bookings, and is changed later', async () => {
    await page.getByRole('link', { name: 'Resources', exact: true }).click()
    await button(page, 'New resource').click()
    await page.getByLabel('Name', { exact: true }).fill('Lantern room')
    await page.getByLabel('Address', { exact: true }).fill('bob')
    await page.getByLabel('Domain', { exact: true }).selectOption({ label: '@heron.example' })
    await page.getByLabel('Kind').selectOption({ label: 'Room' })
    await page.getByLabel('Seats').fill('twelve')
    await page.getByLabel('Place', { exact: true }).fill('First floor')
    await page.getByLabel('Booking', { exact: true }).selectOption({ label: 'Ask a manager, refuse conflicts' })
    await page.getByRole('combobox', { name: 'Who decides' }).fill('bob')
    await button(page, 'Create').click()
    await page.getByText('Write a whole number, or nothing.').waitFor()
    await page.getByLabel('Seats').fill('12')
    await button(page, 'Create').click()
    await page.getByText('This address belongs to somebody already.').waitFor()
    await page.getByLabel('Address', { exact: true }).fill('lantern')
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'Lantern room lantern@heron.example · First floor · 12 seats' }).waitFor()
    await line(page.getByRole('list', { name: 'Who decides' }), 'Bob Crane').waitFor()

    await page.getByLabel('Seats').fill('14')
    await page.getByLabel('Booking', { exact: true }).selectOption({ label: 'Accept always' })
    await button(page, 'Save').click()
    await page.getByRole('link', { name: /^Lantern room .* 14 seats$/ }).waitFor()
    const { resources } = await ada.call('resources.list', {})
    assert.deepEqual(
      resources.map(({ name, capacity, location, policy }) => [name, capacity, location, policy]),
      [['Lantern room', 14, 'First floor', 'always']],
    )
  })

  story('whoever has more than they may keeps and reads it, and adds nothing until they may have more', async () => {
    const { own } = await bob.call('files.spaces', {})
    await put(bob, stage.hub.url, own.id, 'survey.bin', randomBytes(11 * 2 ** 20))
    await put(bob, stage.hub.url, own.id, 'letter.txt', Buffer.from('Dear harbour master'))
    const at = bobs.page
    const tray = at.getByRole('region', { name: 'Uploads' })
    const upload = () =>
      at
        .getByLabel('Upload files', { exact: true })
        .setInputFiles({ name: 'more.txt', mimeType: 'text/plain', buffer: Buffer.from('more') })
    await at.getByRole('link', { name: 'Files', exact: true }).click()
    await at.getByRole('img', { name: '11 MB of 10 GB used' }).waitFor()

    await page.getByRole('link', { name: 'Accounts', exact: true }).click()
    await page.getByRole('link', { name: /^Bob Crane/ }).click()
    await page.getByRole('tab', { name: 'Settings' }).click()
    await page.getByLabel('Space for files').fill('0.01')
    await page.keyboard.press('Tab')
    await button(page, 'Save').click()
    await at.getByRole('img', { name: '11 MB of 10.2 MB used' }).waitFor()
    await at.getByText('Full. What is here stays; nothing new comes in until there is space again.').first().waitFor()

    await upload()
    await tray.getByText('Your space is full. Delete something for ever, also from the trash, and try again.').waitFor()
    await button(tray, 'Close').click()
    assert.equal(await at.getByRole('link', { name: 'more.txt' }).count(), 0)
    await at.getByRole('link', { name: 'letter.txt' }).click()
    await at.getByText('Dear harbour master').waitFor()
    await at.goBack()

    await button(page, 'Back to 10 GB').click()
    await button(page, 'Save').click()
    await at.getByRole('img', { name: '11 MB of 10 GB used' }).waitFor()
    await upload()
    await tray.getByText('1 file uploaded').waitFor()
    await at.getByRole('link', { name: 'more.txt' }).waitFor()
  })

  story('the audit log says who did what to whom, what it was before, what was refused and why, and no secret', async () => {
    const { secret } = await bob.call('tokens.create', { ...once(), kind: 'application', name: 'Boat phone' })
    const entries = page.getByRole('main').getByRole('listitem')
    const entry = (words: string) => entries.filter({ hasText: words })
    await page.getByRole('link', { name: 'Audit', exact: true }).click()
    await entry('Bob Crane · Created the token Boat phone').waitFor()
    const locked = entry('Ada Stork · Set the status of the domain pond.example: Locked')
    await locked.getByText('Set the status').click()
    await locked.getByRole('heading', { name: 'What changed' }).waitFor()
    assert.deepEqual((await locked.getByRole('definition').innerText()).split(/\s+/), ['Active', 'Locked'])

    await page.getByRole('searchbox', { name: 'By whom' }).fill('bob')
    await page.getByRole('option', { name: /Bob Crane/ }).click()
    await locked.waitFor({ state: 'detached' })
    await entry('Created the token Boat phone').waitFor()
    assert.ok((await entries.allInnerTexts()).every((text) => text.includes('Bob Crane · ')))
    await button(page, 'No longer filter: By Bob Crane').click()
    await page.getByLabel('Anything done').selectOption({ label: 'Accounts' })
    await page.getByLabel('Done or refused').selectOption({ label: 'Refused' })
    await entry('Boat phone').waitFor({ state: 'detached' })
    await entry('Set the status of the domain').waitFor({ state: 'detached' })
    await entries.getByText('Ada Stork · Not done: Created an account for Ina Tern').click()
    await page.getByText('This domain may have 2 accounts, and has them.').waitFor()
    await page
      .getByRole('term')
      .filter({ hasText: /^Password$/ })
      .waitFor()
    await page
      .getByRole('definition')
      .filter({ hasText: /^hidden$/ })
      .waitFor()

    await button(page, 'Clear filters').click()
    await entry('Boat phone').waitFor()
    const [file] = await Promise.all([page.waitForEvent('download'), button(page, 'Export').click()])
    assert.equal(file.suggestedFilename(), 'audit.ndjson')
    const text = await readFile(await file.path(), 'utf8')
    const exported = text.split('\n').map((one) => JSON.parse(one) as AuditEntry)
    const quota = exported.find(({ operation, target }) => operation === 'accounts.values' && target?.name === 'Bob Crane')
    assert.equal(quota?.actor?.name, 'Ada Stork')
    for (const unsaid of [firstPassword, password, secret]) assert.ok(!text.includes(unsaid), unsaid)
  })
})

const line = (on: Page | Locator, name: string) => on.getByRole('listitem').filter({ hasText: name })
const step = (wizard: Locator, words: string) => wizard.getByRole('status').filter({ hasText: words }).waitFor()

/** Opened again beside the lists, a list is as it is now. */
async function again(page: Page, name: string): Promise<void> {
  await button(page.getByRole('complementary', { name: 'Lists' }), 'Close').click()
  await page.getByRole('link', { name: new RegExp(`^${name}`) }).click()
}

async function nameSomebody(dialog: Locator, given: string, surname: string): Promise<void> {
  await dialog.getByLabel('Given name').fill(given)
  await dialog.getByLabel('Surname').fill(surname)
  await dialog.getByLabel('Domain', { exact: true }).selectOption({ label: '@pond.example' })
}

async function nameList(wizard: Locator, name: string, userName: string): Promise<void> {
  await wizard.getByLabel('Domain', { exact: true }).selectOption({ label: '@heron.example' })
  await wizard.getByLabel('Name', { exact: true }).fill(name)
  await wizard.getByLabel('Address', { exact: true }).fill(userName)
}

async function paste(page: Page, field: Locator, text: string): Promise<void> {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`)
  await field.press('Control+V')
}
