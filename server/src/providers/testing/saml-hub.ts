import { inflateRawSync } from 'node:zlib'
import type { PoolConfig } from 'pg'
import { freePort } from '@atrium/platform/testing/redis'
import type { Draft, Hub, Provider } from '@atrium/protocol'
import { hub } from '../../testing/hub.ts'
import { browser, type Browser } from './browser.ts'
import { samlProvider, type Said } from './saml.ts'

export const alice = { nameId: 'a-1', address: 'alice@example.org', name: 'Alice of SAML' }
export const refusedBy = (url: URL) => url.searchParams.get('refused')
export const changed = (response: string, change: (xml: string) => string) =>
  Buffer.from(change(Buffer.from(response, 'base64').toString())).toString('base64')

/** A hub whose people sign in at a real SAML provider, and what a browser does on the way there and back. */
export async function samlHub(cluster: PoolConfig) {
  const port = await freePort()
  const there = await hub(cluster, { env: { ATRIUM_PORT: `${port}`, ATRIUM_ORIGIN: `http://localhost:${port}` } })
  const idp = await samlProvider()
  const domainId = (await there.administrator.call('domains.list', {})).domains[0]!.id

  const mapping = { address: 'mail', name: 'cn' }
  const settings = (more: object = {}): Draft<Hub, 'providers.set'>['settings'] => ({
    ...{ kind: 'saml', label: 'SAML', entryPoint: idp.entryPoint, issuer: idp.entityId, certificates: [idp.certificate], mapping },
    ...more,
  })
  let provider = await there.administrator.call('providers.set', { domainId, isOn: true, settings: settings() })
  const metadataOf = async ({ addresses }: Provider) => (await fetch(addresses!.metadata!)).text()
  let metadata = await metadataOf(provider)

  return {
    ...{ there, idp, domainId, settings, provider, metadata },
    set: (more: object = {}) =>
      there.administrator.call('providers.set', { domainId, providerId: provider.id, isOn: true, settings: settings(more) }),
    /** From now on browsers go to this one. */
    async turnTo(other: Provider): Promise<void> {
      provider = other
      metadata = await metadataOf(other)
    },

    /** A browser that pressed the button: what we asked of the provider, and by which number. */
    async ask(next = '/', from = '127.0.0.1') {
      const seat = browser({ from })
      const begun = await fetch(`${there.origin}/auth/saml/${provider.id}/login?next=${encodeURIComponent(next)}`, {
        redirect: 'manual',
        headers: { 'x-forwarded-for': from },
      })
      const [name, value] = begun.headers.getSetCookie()[0]!.split(';', 1)[0]!.split('=') as [string, string]
      seat.keep(there.origin, name, value)
      const asked = new URL(begun.headers.get('location')!)
      const request = inflateRawSync(Buffer.from(asked.searchParams.get('SAMLRequest')!, 'base64')).toString()
      return { seat, relayState: asked.searchParams.get('RelayState')!, requestId: /ID="([^"]+)"/.exec(request)![1]!, asked }
    },
    answer: (said: Said, by: Pick<typeof idp, 'answer'> = idp) => by.answer(metadata, provider.addresses!.callback, said),
    /** The provider's page posts it; what the browser shows then. */
    async post(seat: Browser, SAMLResponse: string, RelayState = ''): Promise<URL> {
      await seat.stand(idp.entryPoint)
      return (await seat.go(provider.addresses!.callback, { SAMLResponse, RelayState })).url
    },
    async me(seat: Browser) {
      const reply = await fetch(`${there.origin}/api/directory.me`, {
        headers: { cookie: `atrium=${seat.cookie(there.origin, 'atrium') ?? ''}` },
      })
      return (await reply.json()) as { ok: boolean; data?: { person: { id: string; address: string } } }
    },
    close: () => there.close(),
  }
}
export type SamlHub = Awaited<ReturnType<typeof samlHub>>
