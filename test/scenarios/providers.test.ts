import assert from 'node:assert/strict'
import { afterAll, beforeAll } from 'vitest'
import { client, openIdProvider } from '../../server/src/providers/testing/oidc.ts'
import { screen, until } from '../harness/browsers.ts'
import { scene, storyWith } from './scene.ts'
import { setUp } from './story.ts'

const ada = { name: 'Ada Stork', address: 'ada@heron.example' }
const people = { nora: { email: 'nora@heron.example', email_verified: true, name: 'Nora Nightjar' } }

scene('identity providers', (stage) => {
  let idp: Awaited<ReturnType<typeof openIdProvider>>
  beforeAll(async () => void (idp = await openIdProvider(people)))
  afterAll(async () => idp?.close())

  // The provider's own pages lack a picture for the tab.
  storyWith(404)(
    'whoever types an address of the domain goes to its provider and comes back signed in; who is unknown there is told why',
    async () => {
      const first = await screen(stage.browser, stage.hub.url)
      const administration = first.page
      await setUp(administration, await stage.hub.setupPath(), ada)
      await administration.goto('/admin/providers')
      await administration.getByRole('button', { name: 'Add' }).click()
      await administration.getByRole('radio', { name: 'OpenID Connect' }).check()
      await administration.getByLabel('Name on the button').fill('Heron ID')
      await administration.keyboard.press('Enter')
      // It is there, switched off, and says what the other side wants to know.
      const said = async (end: string) => (await administration.getByText(new RegExp(`^http.*/${end}$`)).textContent())!
      idp.serve({ callback: await said('callback'), logout: await said('logout'), left: await said('left') })
      await administration.getByRole('button', { name: 'Test now' }).click()
      await administration.getByText('This is needed before it can be tested or switched on.').waitFor()
      await administration.getByLabel('Issuer').fill(idp.issuer)
      await administration.getByLabel('Client ID').fill(client.id)
      await administration.getByRole('textbox', { name: 'Client secret' }).fill(client.secret)
      await administration.getByRole('button', { name: 'Test now' }).click()
      await administration.getByText('The provider answers, and says where to sign in.').waitFor()
      await administration.getByRole('switch', { name: 'Switched on' }).click()
      await administration.getByText('Whoever types an address of this domain sees the button').waitFor()

      const { page } = await screen(stage.browser, stage.hub.url)
      const there = async () => {
        await page.goto('/sign-in')
        await page.locator('input[name=username]').fill('nora@heron.example')
        await page.getByRole('link', { name: /Heron ID/ }).click()
      }
      await there()
      await page.locator('input[name=login]').fill('nora')
      await page.locator('input[name=password]').fill('whatever')
      await page.locator('button[type=submit]').click()
      await page.getByRole('button', { name: /continue/i }).click()
      await page.getByText('Nobody of this domain is known under the identity you came with').waitFor()

      await administration.getByRole('switch', { name: 'Create accounts at the first sign-in' }).click()
      await administration.getByRole('button', { name: 'Save' }).click()
      await administration.getByRole('button', { name: 'Save' }).waitFor({ state: 'detached' })
      await there()
      await until('Nora is inside', async () => new URL(page.url()).pathname === '/' && !page.url().startsWith(idp.issuer))
      await until('she is who the provider said', async () => {
        const me = await page.evaluate(async () => ((await (await fetch('/api/directory.me')).json()) as { data?: any }).data)
        return me?.person.name === 'Nora Nightjar'
      })

      // Signing out here leads there, and back again.
      await page.goto(new URL('/me', page.url()).href)
      await page.getByRole('button', { name: 'Sign out' }).first().click()
      await page.getByRole('button', { name: /yes, sign me out/i }).click()
      await page.locator('input[name=username]').waitFor()
      assert.equal(new URL(page.url()).pathname, '/sign-in')
      assert.deepEqual(first.troubles, [])
    },
  )
})
