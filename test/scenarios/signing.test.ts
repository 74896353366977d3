import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { beforeAll } from 'vitest'
import { presets } from '@atrium/protocol'
import { stepAt } from '../../server/src/factors/rules.ts'
import { fromBase32, hotp } from '../../server/src/factors/totp.ts'
import { screen } from '../harness/browsers.ts'
import { colleague, once, peopled, screenOf, type Somebody } from './people.ts'
import { scene, storyWith, usualRefusals, type Stage } from './scene.ts'
import { button, isInside, leave, password, show, toOwnPage } from './story.ts'

const story = storyWith(...usualRefusals)

scene(
  'signing in',
  (stage) => {
    let ada: Somebody
    let bob: Somebody
    beforeAll(async () => void ({ ada, bob } = await peopled(stage.hub)))

    story('a first password opens nothing until its owner has chosen another, and says what is asked of that while one types', async () => {
      const { domains } = await ada.call('domains.list', {})
      const first = 'only for the first day'
      const john = { userName: 'john', given: 'John', surname: 'Smith', password: first }
      await ada.call('accounts.create', { ...once(), domainId: domains[0]!.id, ...john })

      const opened = await screen(stage.browser, stage.hub.url)
      const { page } = opened
      await show(page, 'john@heron.example', first)
      await page.getByRole('heading', { name: 'Choose a new password' }).waitFor()
      const next = page.getByRole('textbox', { name: 'New password' })
      await next.fill('short')
      await button(page, 'Use this password').click()
      await page.getByText('Something below is still missing.').waitFor()
      await next.fill(first)
      await page.getByRole('listitem').filter({ hasText: 'Fulfilled: 10 characters or more' }).waitFor()
      await button(page, 'Use this password').click()
      await page.getByText('You have used this password before.').waitFor()
      // Whoever loads the page anew goes on where they were, and has nothing of the hub until then.
      await page.goto('/r')
      await next.fill(password)
      await button(page, 'Use this password').click()
      await isInside(page)
      await leave(page)
      await show(page, 'john@heron.example')
      await isInside(page)
    })

    story('an authenticator is asked for until the browser is trusted, and a scratch code stands in for it', async () => {
      const opened = await screenOf(stage.browser, bob, stage.hub.url)
      const { page } = opened
      await page.goto('/me')
      await button(page, 'Set up: Authenticator').click()
      await page.getByText('Cannot scan it? Enter the key by hand').click()
      const secret = fromBase32((await page.locator('code').innerText()).replaceAll(' ', ''))
      /** Each half minute is good once: enrolling took that of now, the next is taken early. */
      const codeOf = (away: number) => hotp(secret, stepAt(new Date()) + away)
      await page.getByRole('textbox', { name: 'Code', exact: true }).fill(codeOf(0))
      await page.keyboard.press('Enter')
      const codes = page.getByRole('list', { name: 'Scratch codes' }).getByRole('listitem')
      await codes.first().waitFor()
      const scratch = await codes.allInnerTexts()
      assert.equal(new Set(scratch).size, 10)
      await button(page, 'I have kept them').click()

      await leave(page)
      await show(page, 'bob@heron.example')
      await page.getByRole('heading', { name: 'One more step' }).waitFor()
      await page.getByRole('textbox', { name: 'Code', exact: true }).fill('000000')
      await page.keyboard.press('Enter')
      await page.getByText('This code is not right.').waitFor()
      await page.getByRole('textbox', { name: 'Code', exact: true }).fill(codeOf(1))
      await page.getByLabel('Trust this browser').check()
      await button(page, 'Sign in').click()
      await isInside(page)
      await leave(page)
      await show(page, 'bob@heron.example')
      await isInside(page)

      const other = await screen(stage.browser, stage.hub.url)
      for (const [code, said] of [[scratch[3]!], [scratch[3]!, 'This code is not right.'], [scratch[4]!]]) {
        await other.page.goto('/sign-in')
        await show(other.page, 'bob@heron.example')
        await button(other.page, 'Use a scratch code').click()
        await other.page.getByLabel('Scratch code').fill(code!)
        await other.page.keyboard.press('Enter')
        if (said) await other.page.getByText(said).waitFor()
        else await isInside(other.page)
        await other.page.context().clearCookies()
      }
    })

    story('a passkey lets in without an address and without a password', async () => {
      const cleo = await colleague(stage.hub, ada, 'Cleo Grebe', 'cleo@heron.example')
      const opened = await screenOf(stage.browser, cleo, stage.hub.url)
      const { page } = opened
      const browser = await page.context().newCDPSession(page)
      await browser.send('WebAuthn.enable', {})
      const { authenticatorId } = await browser.send('WebAuthn.addVirtualAuthenticator', {
        options: {
          ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
          ...{ isUserVerified: true, automaticPresenceSimulation: true },
        },
      })
      await page.goto('/me')
      await button(page, 'Add a passkey').click()
      await page.getByLabel('Name', { exact: true }).fill('Blue key')
      await page.keyboard.press('Enter')
      await button(page, 'I have kept them').click()
      await page.getByRole('list', { name: 'Passkeys' }).getByText('Blue key').waitFor()

      // A key that knows nobody: who closes the question is told what to do.
      await browser.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
      await leave(page)
      await button(page, 'Use a passkey').click()
      await page.getByText('No passkey was used').waitFor()
      await browser.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true })
      // The browser may be quicker with its own offer, and then there is nothing to press.
      await Promise.any([isInside(page), button(page, 'Use a passkey').click({ timeout: 3_000 })])
      await isInside(page)
      await leave(page)
      // Nothing is pressed: the browser offers the passkey where the address is typed, and here nobody has to pick it.
      await isInside(page)
      await toOwnPage(page)
      await page.getByText('cleo@heron.example').first().waitFor()
    })

    story('a phone is signed in by what a screen shows, once, and the screen says so', async () => {
      const opened = await screenOf(stage.browser, await colleague(stage.hub, ada, 'Dana Teal', 'dana@heron.example'), stage.hub.url)
      const { page } = opened
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: stage.hub.url })
      await page.goto('/me')
      await button(page, 'Show the code').click()
      await page.getByRole('img', { name: 'QR code that signs a phone in' }).waitFor()
      await button(page, 'Copy the link instead').click()
      await button(page, 'Copied.').waitFor()
      const link: string = await page.evaluate('navigator.clipboard.readText()')

      const [phone, late] = [await phoneOf(stage), await phoneOf(stage)]
      await phone.goto(link)
      await isInside(phone)
      await page.getByText('Signed in: Safari on iPhone').waitFor()
      await late.goto(link)
      await late.getByRole('heading', { name: 'This phone is not signed in' }).waitFor()
    })

    story('who administers one domain sees that one, and of another nothing, whatever they open', async () => {
      const pond = await ada.call('domains.create', { ...once(), name: 'pond.example' })
      await ada.call('accounts.create', {
        ...once(),
        domainId: pond.id,
        userName: 'gull',
        given: 'Gus',
        surname: 'Gull',
        password: 'only for the first day',
      })
      const edda = await colleague(stage.hub, ada, 'Edda Coot', 'edda@heron.example')
      const target = { kind: 'domain', id: pond.id } as const
      await ada.call('grants.give', {
        ...once(),
        grantee: { kind: 'account', id: edda.accountId as never },
        target,
        rights: [...presets.domainAdministrator],
      })
      const opened = await screenOf(stage.browser, edda, stage.hub.url)
      const { page } = opened
      await page.goto('/')
      // The keyboard alone, from the rail to the account.
      await reach(page, 'link', 'Admin')
      await reach(page, 'link', 'Accounts')
      await page.getByRole('link', { name: /Gus Gull/ }).waitFor()
      assert.deepEqual(await page.getByRole('row').getByRole('link').count(), 1)
      await reach(page, 'link', /^Gus Gull/)
      await page.getByRole('tab', { name: 'Security' }).waitFor()
      for (const [place, shown] of [
        ['domains', 'pond.example'],
        ['rights', 'Edda Coot → pond.example'],
        ['lists', 'No list yet'],
        ['resources', 'No resource yet'],
        ['outbox', 'Only administrators see this page.'],
      ]) {
        await page.goto(`/admin/${place}`)
        await page.getByRole('main').getByText(shown!).first().waitFor()
        assert.equal(await page.getByText(/heron/).count(), 0, place)
      }
      await page.goto(`/admin/accounts?account=${bob.accountId}`)
      await page.getByText('This is not here, or no longer.').waitFor()
    })
  },
  // Passkeys belong to a name: nobody has one for an address of digits.
  { host: 'localhost' },
)

async function phoneOf(stage: Stage): Promise<Page> {
  const userAgent = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1'
  const viewport = { width: 390, height: 844 }
  const context = await stage.browser.newContext({ userAgent, viewport, locale: 'en-GB', isMobile: true, hasTouch: true })
  return context.newPage()
}

/** By Tab until it has the focus, then Enter. */
async function reach(page: Page, role: 'link' | 'button' | 'tab', name: string | RegExp): Promise<void> {
  const wanted = page.getByRole(role, { name, exact: true })
  await wanted.first().waitFor()
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab')
    if ((await wanted.and(page.locator(':focus')).count()) > 0) return page.keyboard.press('Enter')
  }
  throw new Error(`${role} ${name} is not reached by Tab`)
}
