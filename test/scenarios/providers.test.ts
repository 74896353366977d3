import assert from 'node:assert/strict'
import { afterAll, beforeAll, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { client, openIdProvider } from '../../server/src/providers/testing/oidc.ts'
import { screen } from '../harness/browsers.ts'
import { scene } from './scene.ts'
import { setUp } from './story.ts'

const ada = { name: 'Ada Stork', address: 'ada@heron.example' }
const people = { nora: { email: 'nora@heron.example', email_verified: true, name: 'Nora Nightjar' } }

scene('identity providers', (stage) => {
  let idp: Awaited<ReturnType<typeof openIdProvider>>
  beforeAll(async () => void (idp = await openIdProvider(people)))
  afterAll(async () => idp?.close())

  test('whoever types an address of the domain goes to its provider and comes back signed in; who is unknown there is told why', async () => {
    const first = await screen(stage.browser, stage.hub.url)
    await setUp(first.page, await stage.hub.setupPath(), ada)
    /** As the administration does it, from the page's own origin. */
    const ask = (name: string, input: object): Promise<any> =>
      first.page.evaluate(
        async ([name, input]) => {
          const body = JSON.stringify({ clientId: crypto.randomUUID(), ...(input as object) })
          const reply = await fetch(`/api/${name}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
          return ((await reply.json()) as { data: unknown }).data
        },
        [name, input] as const,
      )
    const { domains } = await first.page.evaluate(async () => ((await (await fetch('/api/domains.list')).json()) as { data: any }).data)
    const settings = (createsAccounts: boolean) => ({
      ...{ kind: 'oidc', label: 'Heron ID', issuer: idp.issuer, clientId: client.id, clientSecret: client.secret },
      ...{ mapping: { address: '' }, createsAccounts },
    })
    const set = (createsAccounts: boolean, providerId?: string) =>
      ask('providers.set', { domainId: domains[0].id, providerId, isOn: true, settings: settings(createsAccounts) })
    const provider = await set(false)
    idp.serve(provider.addresses)

    const { page, troubles } = await screen(stage.browser, stage.hub.url)
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

    await set(true, provider.id)
    await there()
    await until('Nora is inside', async () => new URL(page.url()).pathname === '/' && !page.url().startsWith(idp.issuer))
    await until('she is who the provider said', async () => {
      const me = await page.evaluate(async () => ((await (await fetch('/api/directory.me')).json()) as { data?: any }).data)
      return me?.person.name === 'Nora Nightjar'
    })
    // The provider's own pages lack a picture for the tab.
    assert.deepEqual(
      troubles.filter((trouble) => !trouble.includes('404')),
      [],
    )
  })
})
