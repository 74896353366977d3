import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { AccountId } from '@atrium/protocol'
import { notRun } from '@atrium/platform/testing/needs'
import { screen, until } from '../harness/browsers.ts'
import { clockEnv, clockMissing } from '../harness/clocks.ts'
import { put } from './filing.ts'
import { once, peopled, screenOf, type Somebody } from './people.ts'
import { scene, storyWith, usualRefusals } from './scene.ts'
import { accept, button, composer, isAllSent, isInside, isShutOut, password, said, say, show, toOwnPage } from './story.ts'

const places = (page: Page) => page.getByRole('navigation', { name: 'Places' })
/** What needs somebody there is said after its name. */
const place = (page: Page, name: string) => places(page).getByRole('link', { name: new RegExp(`^${name}`) })
const roomOn = (page: Page, name: string) => page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name: new RegExp(name) })

const story = storyWith(...usualRefusals)

/** A hub asks for no password that was shown minutes ago: its clock can be put forward. */
const clock = join(tmpdir(), `atrium-clock-${randomUUID()}`)

scene(
  'administering accounts',
  (stage) => {
    let ada: Somebody
    let bob: Somebody
    let page: Page
    let bobs: Page
    beforeAll(async () => {
      ;({ ada, bob } = await peopled(stage.hub))
      ;({ page } = await screenOf(stage.browser, ada, stage.hub.url))
      ;({ page: bobs } = await screenOf(stage.browser, bob, stage.hub.url))
      const [{ own }] = await Promise.all([
        bob.call('files.spaces', {}),
        bob.call('chat.room.create', { ...once(), name: 'Slipway', memberIds: [idOf(ada)] }),
        bob.call('chat.room.create', { ...once(), name: 'Boathouse', memberIds: [] }),
        ada.call('domains.create', { ...once(), name: 'pond.example' }),
      ])
      await put(bob, stage.hub.url, own.id, 'Tide table.txt', Buffer.from('06:12 low'))
    })
    afterAll(() => rm(clock, { force: true }))

    const list = () => page.getByRole('main', { name: 'Accounts' })
    const row = (name: string) => list().getByRole('row').filter({ hasText: name })
    const counted = (words: string) => list().getByRole('status').filter({ hasText: words }).waitFor()
    const panel = () => page.getByRole('complementary')
    const dialog = () => page.getByRole('dialog')
    const notice = (words: string) => page.getByRole('region', { name: 'Notices' }).getByText(words).waitFor()
    async function toAccounts() {
      await place(page, 'Admin').click()
      await page.getByRole('region', { name: 'Administration' }).getByRole('link', { name: 'Accounts', exact: true }).click()
    }
    async function openPanel({ name }: Somebody, tab = 'General') {
      await row(name).getByRole('link').click()
      await panel().getByRole('heading', { name }).waitFor()
      await panel().getByRole('tab', { name: tab }).click()
    }
    async function fromMore(within: Locator, action: string) {
      await button(within, 'More').click()
      await page.getByRole('menuitem', { name: action }).click()
    }
    async function bobSignsIn(refusal?: string) {
      await show(bobs, 'bob@heron.example')
      await (refusal ? bobs.getByText(refusal).waitFor() : isInside(bobs))
    }

    story('the user name of a new account follows its name until somebody writes one; the list finds, sorts and locks many', async () => {
      await page.goto('/admin/accounts')
      await button(list(), 'New account').click()
      const userName = dialog().getByLabel('User name')
      const becomes = (wanted: string) => until(`the user name is ${wanted}`, async () => (await userName.inputValue()) === wanted)
      await page.keyboard.type('John')
      await becomes('John')
      await page.keyboard.press('Tab')
      await page.keyboard.type('B')
      await page.keyboard.press('Tab')
      await page.keyboard.type('Smith')
      await becomes('JohnSmith')
      await dialog().getByLabel('Aliases').fill('skipper, bob')
      await page.keyboard.press('Enter')
      await notice('bob: Somebody has this address already.')
      const link = await dialog().getByLabel('Invitation link').inputValue()
      const newcomer = await screen(stage.browser, stage.hub.url)
      await accept(newcomer.page, new URL(link).pathname)
      await button(dialog(), 'Done').click()
      await panel().getByText('skipper@heron.example').waitFor()
      await row('John B Smith').getByText('johnsmith@heron.example').waitFor()

      await button(list(), 'New account').click()
      await dialog().getByLabel('Given name').fill('Jörg')
      await dialog().getByLabel('Surname').fill('Ärmel')
      await becomes('JorgArmel')
      for (const strange of ['Groß', 'Иванов']) {
        await dialog().getByLabel('Surname').fill(strange)
        await dialog().getByText('Auto fill user is disabled: a letter has no plain form. Type the name.').waitFor()
        await becomes('')
        await dialog().getByLabel('Surname').fill('Ärmel')
        await becomes('JorgArmel')
      }
      await userName.fill('bob')
      await dialog().getByLabel('Surname').fill('Miller')
      const first = dialog().getByRole('textbox', { name: 'First password' })
      await first.fill('jorg miller')
      await page.keyboard.press('Enter')
      await dialog().getByText('This password is easy to guess.').waitFor()
      await first.fill('only for the first day')
      await page.keyboard.press('Enter')
      await dialog().getByText('Somebody has this address already.').waitFor()
      await userName.fill('joerg')
      await page.keyboard.press('Enter')
      await notice('Jörg Miller was created. The first password is changed at the first sign-in.')
      await row('Jörg Miller').getByText('joerg@heron.example').waitFor()

      const addresses = async () => (await list().getByRole('row').getByRole('link').allInnerTexts()).map((text) => /\S+@/.exec(text)?.[0])
      const inOrder = ['ada@', 'bob@', 'johnsmith@', 'joerg@']
      assert.deepEqual(await addresses(), inOrder)
      await button(list(), 'Person').click()
      await list().getByRole('columnheader', { name: 'Person' }).and(page.locator('[aria-sort=descending]')).waitFor()
      await until('the last one is the first', async () => (await addresses()).join() === inOrder.toReversed().join())
      for (const [search, found] of [
        ['SKIPPER', 'johnsmith@'],
        ['joerg@heron', 'joerg@'],
      ]) {
        await list().getByRole('searchbox', { name: 'Name, address or alias' }).fill(search!)
        await until(`${search} finds ${found}`, async () => (await addresses()).join() === found)
        await counted('1 person')
      }
      await list().getByRole('searchbox').fill('')
      await counted('4 people')

      for (const name of ['Ada Stork', 'John B Smith', 'Jörg Miller']) await row(name).getByRole('checkbox').check()
      await button(list().getByRole('toolbar', { name: '3 chosen' }), 'Set status').click()
      await page.getByRole('menuitem', { name: 'Locked' }).click()
      // Nobody locks themselves out.
      await notice('2 done, 1 refused')
      await isShutOut(newcomer.page)
      await row('Jörg Miller').getByText('Locked').waitFor()
      assert.equal(await row('Ada Stork').getByText('Locked').count(), 0)
      await list().getByLabel('Status').selectOption('Locked')
      await until('only the locked ones are shown', async () => (await addresses()).join() === 'joerg@,johnsmith@')
    })

    story('a CSV file says of each row what would come of it, and only then the good ones are made', async () => {
      const before = await ada.call('accounts.count', {})
      await toAccounts()
      await fromMore(list(), 'Import')
      const [chooser] = await Promise.all([page.waitForEvent('filechooser'), button(dialog(), 'Choose file').click()])
      const lines = ['userName;given;surname;status', 'heidi;Heidi;Finch;', 'no one;Nora;Wren;', 'BOB;Bob;Bittern;', 'ivo;Ivo;Ibis;asleep']
      await chooser.setFiles({ name: 'crew.csv', mimeType: 'text/csv', buffer: Buffer.from(lines.join('\r\n')) })
      await dialog().getByText('4 rows').waitFor()
      await button(dialog(), 'Try it').click()
      const results = dialog().getByRole('list', { name: 'Import' }).getByRole('listitem')
      const shows = async (verdict: string) => {
        for (const [at, words] of [
          ['heidi@heron.example', verdict],
          ['Row 3', 'userName: This value cannot be taken as it is. Refused'],
          ['bob@heron.example', 'userName: Somebody has this address already. Is there already'],
          ['Row 5', 'status: This value cannot be taken as it is. Refused'],
        ].entries()) {
          await results.nth(at).getByText(words[0]!).waitFor()
          await until(`row ${at} says ${words[1]}`, async () =>
            (await results.nth(at).innerText()).replaceAll(/\s+/g, ' ').includes(words[1]!),
          )
        }
      }
      await shows('Would be created')
      assert.deepEqual(await ada.call('accounts.count', {}), before)
      await button(dialog(), 'Create 1 account').click()
      await shows('/invitation/')
      await shows('Created')
      await button(dialog(), 'Done').click()
      await row('Heidi Finch').waitFor()
      assert.deepEqual(await ada.call('accounts.count', {}), { count: before.count + 1 })
    })

    story('what is set in the panel is on the open page of the person at once, and what is inherited can be had back', async () => {
      const GiB = 2 ** 30
      const crew = await ada.call('cos.create', { ...once(), name: 'Deck hands', description: '' })
      await ada.call('cos.change', { ...once(), cosId: crew.id, values: { 'files.quota': GiB, 'features.meetings': false } })
      await bobs.goto('/me')
      await bobs.getByText('Your limits and rules, which only an administrator changes').click()
      const has = (room: string) => bobs.getByText(new RegExp(`^Space for files\\s*${room}$`)).waitFor()
      await has('10 GB')

      await toAccounts()
      await openPanel(bob)
      const aliases = panel().getByRole('region', { name: 'Aliases' })
      const isSaid = (address: string) => aliases.getByRole('listitem').filter({ hasText: address })
      const add = async (name: string) => {
        await aliases.getByLabel('Alias').fill(name)
        await page.keyboard.press('Enter')
      }
      await add('bobby')
      await isSaid('bobby@heron.example').waitFor()
      await add('ada')
      await notice('Somebody has this address already.')
      assert.equal(await isSaid('ada@heron.example').count(), 0)
      await panel().getByLabel('Class').selectOption('Deck hands')
      await has('1 GB')

      await panel().getByRole('tab', { name: 'Profile' }).click()
      await panel().getByLabel('Office').fill('Pier 3')
      // What somebody else writes meanwhile is shown, and not written over.
      await ada.call('accounts.change', { ...once(), accountId: idOf(bob), profile: { company: 'Heron Works' } })
      await until('it is there', async () => (await panel().getByLabel('Company').inputValue()) === 'Heron Works')
      await panel().getByLabel('Office').press('Enter')
      for (const [label, text] of [
        ['Office', 'Pier 3'],
        ['Company', 'Heron Works'],
      ] as const)
        await until(`Bob reads ${text}`, async () => (await bobs.getByLabel(label).inputValue()) === text)

      await panel().getByRole('tab', { name: 'Settings' }).click()
      const space = panel().getByLabel('Space for files')
      const source = `[id="${await space.getAttribute('aria-describedby')}"]`
      const isFrom = (words: string) => panel().locator(source, { hasText: words }).waitFor()
      await isFrom('From the class')
      assert.equal(await space.inputValue(), '1')
      await space.fill('3')
      await page.keyboard.press('Tab')
      await isFrom('Set here; otherwise 1 GB')
      await button(panel(), 'Save').click()
      await has('3 GB')
      await button(panel(), 'Back to 1 GB').click()
      await isFrom('From the class')
      assert.equal(await space.inputValue(), '1')
      await button(panel(), 'Save').click()
      await has('1 GB')

      await place(bobs, 'Meetings').click()
      const off = bobs.getByText('Meetings are switched off for your account')
      await off.waitFor()
      await page.getByRole('link', { name: 'Classes of service' }).click()
      await page.getByRole('link', { name: /^Deck hands/ }).click()
      await panel().getByRole('switch', { name: 'Meetings', exact: true }).click()
      await button(panel(), 'Save').click()
      await off.waitFor({ state: 'detached' })
      assert.deepEqual((await ada.call('accounts.get', { accountId: idOf(bob) })).values, {})
    })

    story('whose session or account is ended is out at once, hears why, and is written to again when all is open', async () => {
      await ada.call('chat.direct', { ...once(), accountId: idOf(bob) })
      await place(bobs, 'Chat').click()
      await roomOn(bobs, 'Ada Stork').click()
      await composer(bobs).waitFor()
      await toAccounts()
      await openPanel(bob, 'Sessions')
      await button(panel().getByRole('listitem'), 'End session').click()
      await bobs.getByText('Your session has ended. Sign in to go on.').waitFor()
      await panel().getByText('No open session.').waitFor()
      await bobSignsIn()

      await panel().getByRole('tab', { name: 'General' }).click()
      const status = panel().getByLabel('Status')
      await status.selectOption('Maintenance')
      await panel().getByText('Nobody signs in; what is sent waits and is shown afterwards.').waitFor()
      await isShutOut(bobs)
      await bobSignsIn('This account is being looked after at the moment. Try again later.')
      await status.selectOption('Closed')
      await row('Bob Crane').getByText('Closed').waitFor()
      await bobSignsIn('This account is closed. An administrator can open it.')

      await place(page, 'Chat').click()
      await roomOn(page, 'Bob Crane').click()
      await say(page, 'Are you there?')
      const refused = page.getByRole('log').getByRole('alert')
      await refused.getByText('Not sent. This person cannot be written to: the account is closed, or not open yet.').waitFor()
      await ada.call('accounts.status', { ...once(), accountId: idOf(bob), status: 'maintenance' })
      await button(refused, 'Try again').click()
      await refused.waitFor({ state: 'detached' })
      await toAccounts()
      await openPanel(bob)
      await status.selectOption('Active')
      await row('Bob Crane').getByText('Maintenance').waitFor({ state: 'detached' })
      // Where he was when he was thrown out.
      await bobSignsIn()
      await until('what waited is shown to Bob', async () => (await said(bobs)).includes('Are you there?'))
    })

    if (clockMissing) notRun('a promotion asks for the password again', clockMissing)
    else
      story('a promotion asks for the password again and is seen on the open page, and the last administrator stays', async () => {
        await toAccounts()
        await openPanel(bob, 'Administration')
        await writeFile(clock, `+${11 * 60}`)
        const global = panel().getByRole('switch', { name: 'Global administration' })
        const isGlobal = (is: boolean) => global.and(page.locator(`[aria-checked=${is}]`)).waitFor()
        await global.click()
        const again = page.getByRole('dialog', { name: 'Is it you?' })
        await again.getByRole('textbox', { name: 'Password' }).fill('not this one')
        await page.keyboard.press('Enter')
        await again.getByText('This is not your password.').waitFor()
        assert.equal((await ada.call('accounts.get', { accountId: idOf(bob) })).type, 'normal')
        await again.getByRole('textbox', { name: 'Password' }).fill(password)
        await page.keyboard.press('Enter')
        await isGlobal(true)
        const administers = place(bobs, 'Admin')
        await administers.waitFor()
        await global.click()
        await isGlobal(false)
        await administers.waitFor({ state: 'detached' })

        await openPanel(ada, 'Administration')
        await global.click()
        await notice('There must be one administrator at least. Make somebody else one first.')
        await isGlobal(true)
      })

    story('who looks through the eyes of another says why, is seen doing it on every page, and comes back', async () => {
      await toAccounts()
      await openPanel(bob)
      await fromMore(panel(), 'Open as this person')
      assert.ok(await button(dialog(), 'Open as this person').isDisabled())
      await page.keyboard.type('He cannot find the slipway')
      await page.keyboard.press('Enter')
      const mark = page.getByRole('region', { name: 'Looking through another’s eyes' })
      await mark.getByText('Ada Stork is looking as Bob Crane.').waitFor()
      await toOwnPage(page)
      await page.getByText('You sign in as bob@heron.example.').waitFor()
      await mark.waitFor()
      await toOwnPage(bobs)
      await bobs.getByText('Ada Stork looks through your eyes, as an administrator.').waitFor()
      await button(mark, 'End').click()
      await row('Bob Crane').waitFor()
      assert.equal(await mark.count(), 0)
      await page.getByRole('link', { name: 'Audit', exact: true }).click()
      await page.getByText(/Opened the hub as Bob Crane/).click()
      await page.getByText('He cannot find the slipway').first().waitFor()
    })

    story('who moves to another domain keeps their rooms, and who is deleted leaves all of it to somebody', async () => {
      await place(bobs, 'Chat').click()
      await roomOn(bobs, 'Slipway').click()
      await toAccounts()
      await openPanel(bob)
      await fromMore(panel(), 'Move to another domain')
      await dialog().getByLabel('Domain').selectOption('@pond.example')
      await button(dialog(), 'Move to another domain').click()
      await notice('Moved to pond.example.')
      await panel().getByRole('listitem').filter({ hasText: 'bob@heron.example' }).waitFor()
      await row('Bob Crane').getByText('bob@pond.example').waitFor()
      await say(bobs, 'Still here')
      await until('Bob still writes in his room', async () => (await isAllSent(bobs)) && (await said(bobs)).includes('Still here'))

      await fromMore(panel(), 'Delete account')
      await dialog().getByRole('radio', { name: 'Give what they own to somebody' }).check()
      const receiver = dialog().getByLabel('Address of the receiver')
      await receiver.fill('nobody@heron.example')
      await page.keyboard.press('Enter')
      await dialog().getByText('No account fits').waitFor()
      await receiver.fill('ada@heron.example')
      await page.keyboard.press('Enter')
      await notice('The account is deleted.')
      await bobs.getByText('Your account is deleted.').waitFor()
      await row('Bob Crane').waitFor({ state: 'detached' })
      await place(page, 'Chat').click()
      await roomOn(page, 'Boathouse').waitFor()
      await place(page, 'Files').click()
      await page.getByRole('link', { name: 'Bob Crane' }).click()
      await page.getByRole('main').getByText('Tide table.txt').waitFor()
    })
  },
  { env: clockEnv(clock) },
)

const idOf = ({ accountId }: Somebody) => AccountId.parse(accountId)
