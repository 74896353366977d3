import assert from 'node:assert/strict'
import { request } from 'node:http'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { administrator as binding, base, peopleLdif, slapdProgram, slapdServer, type Slapd } from '@atrium/platform/testing/slapd'
import { AccountId } from '@atrium/protocol'
import type { Ldap } from '../../server/src/providers/ldap/connection.ts'
import { library } from '../../server/src/providers/ldap/library.ts'
import { screen, until, type Screen } from '../harness/browsers.ts'
import { colleague, once, peopled, screenOf, type Somebody } from './people.ts'
import { scene, storyWith, usualRefusals } from './scene.ts'
import { button, isInside, isShutOut, leave, show, toOwnPage } from './story.ts'

type Client = Ldap['client']
const nextPassword = 'six quiet herons wade'
const wrongOne = 'Address and password do not belong together.'

const story = storyWith(...usualRefusals, 429)

scene(
  'sources and secrets',
  (stage) => {
    let ada: Somebody
    let bob: Somebody
    let administration: Screen
    let page: Page
    let slapd: Slapd | undefined
    beforeAll(async () => {
      ;[{ ada, bob }, slapd] = await Promise.all([peopled(stage.hub), slapdServer(peopleLdif(3, 'marsh.example'))])
      administration = await screenOf(stage.browser, ada, stage.hub.url)
      page = administration.page
    })
    afterAll(() => slapd?.close())

    story(
      'a directory says of each step of a test what came of it, its people are here and sign in, and who leaves there is out here',
      async () => {
        const { url, authority } = slapd!
        await ada.call('domains.create', { ...once(), name: 'marsh.example' })
        const guest = await screen(stage.browser, stage.hub.url)
        await page.goto('/admin/ldap')
        await page.getByRole('combobox', { name: 'Domain' }).selectOption('marsh.example')
        await page.getByText('People of marsh.example can be kept in OpenLDAP').waitFor()
        await button(page, 'Set up LDAP').click()
        await page.getByLabel('Address', { exact: true }).fill(url)
        await page.getByRole('textbox', { name: 'Certificate authority' }).fill(authority)
        await page.getByLabel('Reading account (bind DN)').fill(binding.dn)
        await page.getByLabel('Base', { exact: true }).fill(base)
        await page.getByLabel('Look every … seconds').fill('1')
        const secret = page.getByRole('textbox', { name: 'Its password' })
        await secret.fill('not it')
        await button(page, 'Test now').click()
        const step = (name: string, said: string) => page.getByRole('listitem').filter({ hasText: `${name} ${said}` })
        await step('Reading account', 'Name or password of the reading account is wrong.').waitFor()
        await step('Connection', 'The server answers.').waitFor()
        assert.equal(await step('Base', '').count(), 0)
        await secret.fill(binding.password)
        await button(page, 'Test now').click()
        await page.getByText('A mirror would create 3, change 0 and lock 0 accounts. Nothing was changed.').waitFor()
        await step('Base', `${base} is there.`).waitFor()
        await step('Accounts', '3 with an address of this domain or without one.').waitFor()
        const would = page.getByRole('list', { name: 'The first of them' }).getByRole('listitem')
        assert.match((await would.allInnerTexts()).join(), /Person 1\s+person1@marsh\.example\s+Would be created/)
        assert.equal((await ada.call('accounts.count', { search: 'marsh.example' })).count, 0)
        await button(page, 'Save and switch on').click()
        await page.getByText('LDAP says whether a password of this domain is right.').waitFor()
        await page.getByRole('status').filter({ hasText: 'Up to date' }).waitFor()
        await page.getByRole('definition').filter({ hasText: /^3$/ }).waitFor()

        await page.getByRole('link', { name: 'Accounts' }).click()
        await page.getByRole('link', { name: /^Person 1/ }).click()
        const panel = page.getByRole('complementary')
        await panel.getByText('Kept in LDAP').first().waitFor()
        const field = (name: string) => panel.getByRole('textbox', { name, exact: true })
        assert.deepEqual([await field('Given name').inputValue(), await field('Given name').isDisabled()], ['Person', true])
        assert.equal(await field('Notes').isDisabled(), false)

        await show(guest.page, 'person1@marsh.example', 'pw-2')
        await guest.page.getByText(wrongOne).waitFor()
        const leaving = [
          { number: 1, leaves: disabled, said: /^Your organisation’s directory has locked this account/ },
          { number: 2, leaves: removed, said: wrongOne },
        ]
        for (const { number, leaves, said } of leaving) {
          const [address, secret] = [`person${number}@marsh.example`, `pw-${number}`]
          await show(guest.page, address, secret)
          await isInside(guest.page)
          await there(url, (client) => leaves(client, `uid=person${number},ou=people,${base}`))
          await isShutOut(guest.page)
          await show(guest.page, address, secret)
          await guest.page.getByText(said).waitFor()
        }
        await page.getByRole('combobox', { name: 'Status' }).first().selectOption('Locked')
        await page.getByText('2 people').waitFor()
        for (const name of [/Person 1.*Locked$/, /Person 2.*Locked$/]) await page.getByRole('row', { name }).waitFor()
      },
    )

    story('a wiped password puts its person out, and the link that is shown lets them choose another, once', async () => {
      const cleo = await colleague(stage.hub, ada, 'Cleo Grebe', 'cleo@heron.example')
      const opened = await screenOf(stage.browser, cleo, stage.hub.url)
      await opened.page.goto('/people')
      await isInside(opened.page)
      await page.goto(`/admin/accounts?account=${cleo.accountId}`)
      await page.getByRole('tab', { name: 'Security' }).click()
      await button(page, 'Wipe the password').click()
      const sure = page.getByRole('dialog', { name: 'Wipe the password of Cleo Grebe' })
      await button(sure, 'Wipe the password').press('Enter')
      const dialog = page.getByRole('dialog', { name: 'Link for Cleo Grebe' })
      await dialog.getByText('Whoever has this link chooses the password for cleo@heron.example. It works once').waitFor()
      const link = new URL(await dialog.getByLabel('Invitation link').inputValue()).pathname
      await button(dialog, 'Done').click()

      await opened.page
        .getByText('Your password was changed or wiped. Sign in with the new one, or open the link you were given.')
        .waitFor()
      await show(opened.page, 'cleo@heron.example')
      await opened.page.getByText(wrongOne).waitFor()
      await choose(opened.page, link, 'Cleo Grebe')
      await opened.page.goto(link)
      await opened.page.getByRole('heading', { name: 'This link no longer works' }).waitFor()
    })

    story('a forgotten password is chosen anew by a letter to the address that was confirmed, and nobody learns who is here', async () => {
      const dana = await colleague(stage.hub, ada, 'Dana Teal', 'dana@heron.example')
      const opened = await screenOf(stage.browser, dana, stage.hub.url)
      const { page: danas } = opened
      const letter = async (subject: string) => {
        const sentTo = await until('the letter is in the outbox', async () => {
          const to = (await ada.call('mail.outbox', {})).mails.flatMap((mail) => (mail.subject === subject ? mail.to : []))
          return to.length > 0 ? to : undefined
        })
        assert.deepEqual(sentTo, ['dana@home.example'])
        for (const name of ['Overview', 'Outbox']) await page.getByRole('link', { name, exact: true }).click()
        await page.getByText(subject, { exact: true }).click()
        return new URL((await page.getByRole('link', { name: /^http/ }).getAttribute('href'))!).pathname
      }
      await page.goto('/admin')
      await danas.goto('/me')
      const recovery = danas.getByRole('textbox', { name: 'Recovery address' })
      await recovery.fill('dana@heron.example')
      await recovery.press('Enter')
      await danas.getByText('Choose an address outside this account').waitFor()
      await recovery.fill('dana@home.example')
      await recovery.press('Enter')
      await danas.getByText('Not confirmed yet: open the link in the letter to dana@home.example.').waitFor()
      await danas.goto(await letter('Is this your address? Heron Works asks'))
      await danas.getByRole('heading', { name: 'Your recovery address is confirmed' }).waitFor()
      await danas.getByRole('link', { name: 'Continue' }).click()
      await toOwnPage(danas)
      await danas.getByText('Confirmed.').waitFor()
      await leave(danas)

      for (const address of ['nobody@heron.example', 'dana@heron.example']) {
        await button(danas, 'Forgot your password?').click()
        const dialog = danas.getByRole('dialog', { name: 'Forgot your password?' })
        await dialog.getByLabel('Your address').fill(address)
        await danas.keyboard.press('Enter')
        const said = `If ${address} has an account with a confirmed recovery address, a letter is on its way there.`
        await dialog.getByRole('status').getByText(said).waitFor()
        await button(dialog, 'Done').click()
      }
      const link = await letter('Your password for Heron Works')
      await choose(danas, link, 'Dana Teal')
      await danas.goto(link)
      await danas.getByRole('heading', { name: 'This link no longer works' }).waitFor()
      await danas.context().clearCookies()
      await show(danas, 'dana@heron.example')
      await danas.getByText(wrongOne).waitFor()
      await show(danas, 'dana@heron.example', nextPassword)
      await isInside(danas)
    })

    story(
      'what programs use is shown once, opens what it is for, says when it was used, and opens nothing when it is taken back',
      async () => {
        const opened = await screenOf(stage.browser, bob, stage.hub.url)
        const { page: bobs } = opened
        /** As a program would: no cookie, no origin. */
        const ask = async (authorization: string, operation: string, input: object = {}) => {
          const headers = { 'content-type': 'application/json', authorization }
          const response = await fetch(`${stage.hub.url}/api/${operation}`, { method: 'POST', headers, body: JSON.stringify(input) })
          const { error } = (await response.json()) as { error?: { key: string } }
          return error?.key ?? response.status
        }
        const basic = (address: string, secret: string) => `Basic ${Buffer.from(`${address}:${secret}`).toString('base64')}`
        const dialog = bobs.getByRole('dialog', { name: 'For a program or device' })
        const begin = () => button(bobs, 'New: Application passwords and tokens').click()
        const shownSecret = async (name: string) => {
          const shown = bobs.getByRole('dialog', { name: 'Keep it now' })
          const secret = await shown.getByLabel(`Secret of ${name}`).inputValue()
          await button(shown, 'Done').click()
          assert.equal(await bobs.getByLabel(`Secret of ${name}`).count(), 0)
          return secret
        }
        const line = (name: string) => bobs.getByRole('listitem').filter({ hasText: name })
        await bobs.goto('/me')
        await begin()
        await button(dialog, 'Create').click()
        await dialog.getByText('Give it a name.').waitFor()
        await dialog.getByLabel('Name', { exact: true }).fill('Tablet')
        await bobs.keyboard.press('Enter')
        const own = await shownSecret('Tablet')
        await line('Tablet').getByText('Never used').waitFor()
        assert.equal(await ask(basic('ada@heron.example', own), 'files.spaces'), 'unauthenticated')
        assert.equal(await ask(basic('bob@heron.example', own), 'files.spaces'), 200)
        const room = { ...once(), name: 'Slipway', memberIds: [] }
        assert.equal(await ask(basic('bob@heron.example', own), 'chat.room.create', room), 'factors.outOfScope')

        await begin()
        await dialog.getByRole('radio', { name: 'API token' }).check()
        await dialog.getByLabel('Name', { exact: true }).fill('Night script')
        await button(dialog, 'Create').click()
        await dialog.getByText('Choose at least one.').waitFor()
        await dialog.getByRole('checkbox', { name: 'Chat: read' }).check()
        await button(dialog, 'Create').click()
        const token = `Bearer ${await shownSecret('Night script')}`
        assert.equal(await ask(token, 'chat.rooms'), 200)
        assert.equal(await ask(token, 'chat.room.create', room), 'factors.outOfScope')
        assert.equal(await ask(token, 'files.spaces'), 'factors.outOfScope')

        await bobs.getByRole('link', { name: 'What programs may ask' }).click()
        await bobs.getByRole('searchbox', { name: 'Search operations' }).fill('chat.room.create')
        const operation = bobs.getByRole('listitem').filter({ hasText: 'chat.room.create' })
        await operation.getByText('chat:write').waitFor()
        await operation.getByText('chat.room.create').first().click()
        await operation.getByLabel('Example for a terminal').getByText(`${stage.hub.url}/api/chat.room.create`).waitFor()

        // Who comes back to the list sees when and from where each was used.
        await bobs.goBack()
        await line('Tablet').getByText('Last used').waitFor()
        await line('Tablet').getByText('127.0.0.1').waitFor()
        await button(bobs, 'Revoke Tablet').click()
        await button(bobs.getByRole('dialog', { name: 'Revoke Tablet' }), 'Revoke').click()
        await bobs.getByText('Tablet works no longer.').waitFor()
        await line('Tablet').waitFor({ state: 'detached' })
        assert.equal(await ask(basic('bob@heron.example', own), 'files.spaces'), 'unauthenticated')

        await page.goto(`/admin/accounts?account=${bob.accountId}`)
        await page.getByRole('tab', { name: 'Security' }).click()
        const held = page.getByRole('listitem').filter({ hasText: 'Night script' })
        await button(held, 'Revoke').click()
        await held.waitFor({ state: 'detached' })
        assert.equal(await ask(token, 'chat.rooms'), 'unauthenticated')
      },
    )

    story(
      'too many wrong passwords keep everybody out for a while, their owner too, until an administrator lets them in again',
      async () => {
        const edda = await colleague(stage.hub, ada, 'Edda Coot', 'edda@heron.example')
        const values = { 'lockout.attempts': 3, 'lockout.period': 600 }
        await ada.call('accounts.values', { ...once(), accountId: AccountId.parse(edda.accountId), values })
        const opened = await screen(stage.browser, stage.hub.url)
        await show(opened.page, 'edda@heron.example', 'a first guess')
        await opened.page.getByText(wrongOne).waitFor()
        // One network alone locks nobody out.
        for (const from of ['127.0.0.2', '127.0.0.3']) assert.equal(await guess(stage.hub, from, 'edda@heron.example'), 401)
        await show(opened.page, 'edda@heron.example')
        const why = 'Too many wrong passwords: nobody can sign in to this account now. Come back in 10 minutes, or ask an administrator'
        await opened.page.getByText(why).waitFor()

        await page.goto('/admin/accounts')
        await page.getByRole('combobox', { name: 'Status' }).selectOption('Locked out')
        await page.getByText('1 person').waitFor()
        await page.getByRole('row', { name: /Edda Coot.*Locked out/ }).waitFor()
        await page.getByRole('link', { name: /^Edda Coot/ }).click()
        const notice = page.getByRole('complementary').getByRole('status')
        await notice.getByText(/Locked out after too many wrong passwords until \d/).waitFor()
        await button(notice, 'Let in again').click()
        await notice.waitFor({ state: 'detached' })
        assert.equal((await ada.call('accounts.count', { isLockedOut: true })).count, 0)

        await button(opened.page, 'Sign in').click()
        await isInside(opened.page)
      },
    )
  },
  { missing: slapdProgram() ? undefined : 'slapd' },
)

async function choose(page: Page, link: string, name: string): Promise<void> {
  await page.goto(link)
  await page.getByRole('heading', { name: `Welcome, ${name}` }).waitFor()
  await page.getByRole('textbox', { name: 'New password' }).fill(nextPassword)
  await page.keyboard.press('Enter')
  await isInside(page)
}

/** A wrong password from another network: all of 127.0.0.0/8 is this machine. Answers with the status. */
function guess({ url, servers }: { url: string; servers: { url: string }[] }, localAddress: string, address: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const headers = { 'content-type': 'application/json', origin: url }
  const asked = request(`${servers[0]!.url}/api/auth.signIn`, { method: 'POST', localAddress, headers }, (response) => {
    response.resume()
    resolve(response.statusCode!)
  })
  asked.on('error', reject).end(JSON.stringify({ ...once(), address, password: `a guess from ${localAddress}` }))
  return promise
}

/** As the directory's own administrators change it. */
async function there(url: string, run: (client: Client) => Promise<void>): Promise<void> {
  const client = new (await library()).Client({ url })
  await client.bind(binding.dn, binding.password)
  await run(client)
  await client.unbind()
}
async function disabled(client: Client, dn: string): Promise<void> {
  const { Attribute, Change } = await library()
  const modification = new Attribute({ type: 'pwdAccountLockedTime', values: ['000001010000Z'] })
  await client.modify(dn, new Change({ operation: 'replace', modification }))
}
const removed = (client: Client, dn: string) => client.del(dn)
