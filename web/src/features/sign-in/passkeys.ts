import type { Failure, Reply } from '@atrium/protocol'
import { m, sentence } from '#lib/i18n/index.ts'

type Json = Record<string, unknown>
/** Without an error the browser itself had none: `said` is what may be done about it. */
export type Shown<T> = { ok: true; data: T } | { ok: false; error?: Failure; said: string }

/** Browsers offer passkeys on pages with a name, over HTTPS, and older ones do not speak JSON. */
export const hasPasskeys = (): boolean =>
  isSecureContext &&
  !/^[\d.]+$|:/.test(location.hostname) &&
  typeof PublicKeyCredential === 'function' &&
  'parseRequestOptionsFromJSON' in PublicKeyCredential

/** Browsers answer one question at a time: whoever asks takes back the one that waits among what fills a field. */
let waiting: AbortController | undefined
const takeBack = () => waiting?.abort()
/** A question is good for five minutes at the hub. */
const goodForMs = 4 * 60_000

const toMake = (options: Json): Promise<Credential | null> =>
  navigator.credentials.create({
    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options as unknown as PublicKeyCredentialCreationOptionsJSON),
  })
const toShow = (options: Json, more: CredentialRequestOptions = {}): Promise<Credential | null> =>
  navigator.credentials.get({
    ...more,
    publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options as unknown as PublicKeyCredentialRequestOptionsJSON),
  })
const answerOf = (credential: Credential | null): Json | undefined =>
  (credential as PublicKeyCredential | null)?.toJSON() as unknown as Json | undefined

const refused = (error: Failure): { ok: false; error: Failure; said: string } => ({ ok: false, error, said: sentence(error) })

async function through<T>(
  begun: Reply<Json>,
  ask: (options: Json) => Promise<Credential | null>,
  cancelled: string,
  finish: (response: Json) => Promise<Reply<T>>,
): Promise<Shown<T>> {
  if (!begun.ok) return refused(begun.error)
  let answer: Json | undefined
  try {
    takeBack()
    answer = answerOf(await ask(begun.data))
  } catch (error) {
    const name = error instanceof DOMException ? error.name : ''
    if (name === 'InvalidStateError') return { ok: false, said: m.passkey_known() }
    if (name !== 'NotAllowedError' && name !== 'AbortError') return refused({ code: 'invalid', key: 'factors.passkeyRefused' })
  }
  if (!answer) return { ok: false, said: cancelled }
  const reply = await finish(answer)
  return reply.ok ? reply : refused(reply.error)
}

export const makePasskey = <T>(begun: Reply<Json>, finish: (response: Json) => Promise<Reply<T>>): Promise<Shown<T>> =>
  through(begun, toMake, m.passkey_not_made(), finish)

export const showPasskey = <T>(begun: Reply<Json>, finish: (response: Json) => Promise<Reply<T>>): Promise<Shown<T>> =>
  through(begun, (options) => toShow(options), m.passkey_not_shown(), finish)

/** The browser offers its passkeys among what it fills a field with. Answers once somebody took one; undefined: until then it was stopped. */
export async function offeredPasskey<T>(
  begin: () => Promise<Reply<Json>>,
  finish: (response: Json) => Promise<Reply<T>>,
  stopped: AbortSignal,
): Promise<Shown<T> | undefined> {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return undefined
  while (!stopped.aborted) {
    const begun = await begin()
    if (!begun.ok || stopped.aborted) return undefined
    const mine = (waiting = new AbortController())
    const isOld = AbortSignal.timeout(goodForMs)
    try {
      const signal = AbortSignal.any([stopped, mine.signal, isOld])
      const answer = answerOf(await toShow(begun.data, { mediation: 'conditional', signal }))
      if (!answer) return undefined
      const reply = await finish(answer)
      return reply.ok ? reply : refused(reply.error)
    } catch {
      if (!isOld.aborted) return undefined
    }
  }
  return undefined
}
