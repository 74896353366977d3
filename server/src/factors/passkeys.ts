import { isIP } from 'node:net'
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { fail, Refusal } from '@atrium/platform'
import { hashOf } from '../auth/index.ts'
import type { FactorRow } from './store.ts'

/** Loaded with the first passkey: most starts see none. */
const library = () => import('@simplewebauthn/server')
/** EdDSA, ES256, RS256: what authenticators speak. */
const supportedAlgorithmIDs = [-8, -7, -257]
type Json = Record<string, unknown>

/** Where a passkey belongs to: the name under which people open the hub. An address of digits is none. */
export function homeOf(origin: string): { origin: string; rpID: string } {
  const { hostname, protocol } = new URL(origin)
  const isSecure = protocol === 'https:' || hostname === 'localhost' || hostname.endsWith('.localhost')
  if (!isSecure || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) throw fail('conflict', 'factors.needsHostName')
  return { origin, rpID: hostname }
}

const known = (passkeys: readonly FactorRow[]) => passkeys.map(({ credentialId, transports }) => ({ id: credentialId!, transports }))

/** What the browser is asked for a new passkey. The question in it has to be kept. */
export async function enrolmentOptions(
  origin: string,
  owner: { id: string; address: string; name: string; organisation: string },
  passkeys: readonly FactorRow[],
): Promise<{ options: Json; challenge: string }> {
  const { generateRegistrationOptions } = await library()
  const options = await generateRegistrationOptions({
    rpName: owner.organisation,
    rpID: homeOf(origin).rpID,
    userID: new TextEncoder().encode(owner.id),
    userName: owner.address,
    userDisplayName: owner.name,
    attestationType: 'none',
    supportedAlgorithmIDs,
    excludeCredentials: known(passkeys),
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
  })
  return { options: options as unknown as Json, challenge: options.challenge }
}

/** `passkeys`: those that may answer; none named, any that knows us may. */
export async function questionOptions(
  origin: string,
  passkeys: readonly FactorRow[] | undefined,
): Promise<{ options: Json; challenge: string }> {
  const { generateAuthenticationOptions } = await library()
  const options = await generateAuthenticationOptions({
    rpID: homeOf(origin).rpID,
    userVerification: passkeys ? 'preferred' : 'required',
    ...(passkeys && { allowCredentials: known(passkeys) }),
  })
  return { options: options as unknown as Json, challenge: options.challenge }
}

export type NewPasskey = Pick<FactorRow, 'credentialId' | 'publicKey' | 'counter' | 'transports'>

/** The passkey that a browser made, and the question it answers: whether we asked that is for the caller to see. */
export async function readEnrolment(origin: string, response: Json): Promise<{ passkey: NewPasskey; challengeHash: Buffer }> {
  const { verifyRegistrationResponse } = await library()
  const answered = answerTo()
  const { rpID } = homeOf(origin)
  const { verified, registrationInfo } = await refusing(() =>
    verifyRegistrationResponse({
      response: response as unknown as RegistrationResponseJSON,
      expectedChallenge: answered.note,
      expectedOrigin: origin,
      expectedRPID: rpID,
      requireUserVerification: false,
      supportedAlgorithmIDs,
    }),
  )
  if (!verified) throw fail('invalid', 'factors.passkeyRefused')
  const { id, publicKey, counter, transports = [] } = registrationInfo.credential
  return {
    passkey: { credentialId: id, publicKey: Buffer.from(publicKey), counter, transports: transports.filter(isShort).slice(0, 10) },
    challengeHash: answered.hash(),
  }
}

/** How far the passkey counted, and the question it answers. `alone`: it must have seen a finger, a face or a PIN. */
export async function readAnswer(
  origin: string,
  response: Json,
  { credentialId, publicKey, counter }: FactorRow,
  { alone }: { alone: boolean },
): Promise<{ counter: number; challengeHash: Buffer }> {
  const { verifyAuthenticationResponse } = await library()
  const answered = answerTo()
  const { rpID } = homeOf(origin)
  const { verified, authenticationInfo } = await refusing(() =>
    verifyAuthenticationResponse({
      response: response as unknown as AuthenticationResponseJSON,
      expectedChallenge: answered.note,
      expectedOrigin: origin,
      expectedRPID: rpID,
      requireUserVerification: alone,
      credential: { id: credentialId!, publicKey: new Uint8Array(publicKey!), counter },
    }),
  )
  if (!verified) throw fail('invalid', 'factors.passkeyRefused')
  return { counter: authenticationInfo.newCounter, challengeHash: answered.hash() }
}

export const credentialIdIn = (response: Json): string => (typeof response['id'] === 'string' ? response['id'].slice(0, 2_000) : '')

const isShort = (text: unknown): text is string & { length: number } => typeof text === 'string' && text.length <= 30

function answerTo() {
  let challenge = ''
  return {
    note: (said: string) => {
      challenge = said
      return true
    },
    hash: () => hashOf(challenge),
  }
}

/** Whatever the library finds wrong with an answer is the answer's fault, and no more is said of it. */
async function refusing<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw fail('invalid', 'factors.passkeyRefused')
  }
}
