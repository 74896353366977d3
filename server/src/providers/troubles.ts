import { X509Certificate } from 'node:crypto'
import type { ProviderId, SignInTrouble } from '@atrium/protocol'
import { open, type Db, type ProviderRow, type Tx } from './store.ts'

/** About what a provider is in trouble: of each the last is kept, until it is over. */
type About = 'metadata' | 'signIn'
export type Noted = Extract<SignInTrouble, 'away' | 'signature' | 'clock' | 'audience'>

const soonMs = 30 * 86_400_000
/** The same trouble is not written again and again. */
const noteEveryMs = 60_000

export async function note(tx: Tx, providerId: ProviderId, about: About, what: Noted, at: Date): Promise<void> {
  const early = new Date(at.getTime() - noteEveryMs)
  await open(tx)
    .insertInto('providerTrouble')
    .values({ providerId, about, what, at })
    .onConflict((known) =>
      known
        .columns(['providerId', 'about'])
        .doUpdateSet({ what, at })
        .where((those) => those.or([those('providerTrouble.what', '<>', what), those('providerTrouble.at', '<', early)])),
    )
    .execute()
}

export async function settle(tx: Tx, providerId: ProviderId, about?: About): Promise<void> {
  const all = open(tx).deleteFrom('providerTrouble').where('providerId', '=', providerId)
  await (about ? all.where('about', '=', about) : all).execute()
}

/** Of the certificates a provider may sign with, the one that is good for longest counts: while keys change, there are two. */
export function ofCertificates(certificates: readonly string[], now: Date): { what: SignInTrouble; at: Date }[] {
  const last = Math.max(...certificates.map((pem) => new X509Certificate(pem).validToDate.getTime()))
  if (certificates.length === 0 || last - now.getTime() > soonMs) return []
  return [{ what: last <= now.getTime() ? 'certificateOver' : 'certificateSoon', at: new Date(last) }]
}

/** What is wrong with an identity provider, the worst first. */
export async function troublesOf(db: Db, { id, settings }: ProviderRow, now: Date): Promise<{ what: SignInTrouble; at: string }[]> {
  if (settings.kind === 'ldap') return []
  const noted = await open(db).selectFrom('providerTrouble').select(['what', 'at']).where('providerId', '=', id).orderBy('about').execute()
  const all = [...(settings.kind === 'saml' ? ofCertificates(settings.certificates, now) : []), ...noted]
  return all.map(({ what, at }) => ({ what, at: at.toISOString() }))
}

/**
 * Why a sign-in was refused, as far as that is for an administrator to mend. The library says it in a sentence of its own. What a browser
 * brought along in its address says nothing of the provider: anybody writes such an address.
 */
export function refusedFor(error: unknown): Noted | undefined {
  const said: string[] = []
  for (let one: unknown = error; one instanceof Error && said.length < 5; one = one.cause)
    said.push(one.message, String((one as { code?: unknown }).code ?? ''))
  const whole = said.join('\n')
  if (whole.includes('response parameter')) return undefined
  if (/\baud(?:ience)?\b/i.test(whole)) return 'audience'
  // A subject whose time is over is confirmed by nobody.
  if (/expired|not yet valid|TIMESTAMP_CHECK|clocks? skewed|subject confirmation/i.test(whole)) return 'clock'
  if (/signature|KEY_SELECTION|\biss(?:uer)?\b|"alg" header/i.test(whole)) return 'signature'
  return undefined
}
