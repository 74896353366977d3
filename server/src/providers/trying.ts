import { X509Certificate } from 'node:crypto'
import { Refusal } from '@atrium/platform'
import type { Hub, Output, ProviderSettings, ProviderTrouble } from '@atrium/protocol'

type Tried = Output<Hub, 'providers.test'>
type Step = Tried['steps'][number]
const unchanged = { wouldCreate: 0, wouldChange: 0, wouldLock: 0, first: [] }
const told = (steps: Step[]): Tried => ({ isFine: steps.every(({ isFine }) => isFine), steps, ...unchanged })

/** An OpenID provider is asked what it says of itself. */
export async function tryOidc(issuer: string, look: () => Promise<void>): Promise<Tried> {
  try {
    await look()
    return told([{ what: 'metadata', isFine: true, trouble: null, said: issuer }])
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return told([{ what: 'metadata', isFine: false, trouble: error.failure.code === 'forbidden' ? 'address' : 'refused', said: issuer }])
  }
}

/** A SAML provider is met by the browser only: what can be looked at is by what we would know it. */
export function trySaml({ certificates }: Extract<ProviderSettings, { kind: 'saml' }>, now: Date): Tried {
  const ends = certificates.map((pem) => new X509Certificate(pem).validToDate)
  const isFine = ends.some((end) => end > now)
  const trouble: ProviderTrouble | null = isFine ? null : 'certificate'
  return told([{ what: 'certificates', isFine, trouble, said: ends.map((end) => end.toISOString()).join(' ') }])
}
