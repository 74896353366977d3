import type { Failure, Reply } from '@atrium/protocol'

type Json = Record<string, unknown>
type Answered = { ok: true; data: Json } | { ok: false; isCancelled: boolean }

/** Browsers offer passkeys on pages with a name, over HTTPS, and older ones do not speak JSON. */
export const hasPasskeys = (): boolean =>
  isSecureContext &&
  !/^[\d.]+$|:/.test(location.hostname) &&
  typeof PublicKeyCredential === 'function' &&
  'parseRequestOptionsFromJSON' in PublicKeyCredential

async function answered(ask: () => Promise<Credential | null>): Promise<Answered> {
  try {
    const credential = (await ask()) as PublicKeyCredential | null
    return credential ? { ok: true, data: credential.toJSON() as unknown as Json } : { ok: false, isCancelled: true }
  } catch (error) {
    return { ok: false, isCancelled: error instanceof DOMException && (error.name === 'NotAllowedError' || error.name === 'AbortError') }
  }
}

/** Undefined: the person closed the browser's question, and knows. */
async function through<T>(
  begun: Reply<Json>,
  ask: (options: Json) => Promise<Credential | null>,
  finish: (response: Json) => Promise<Reply<T>>,
): Promise<Reply<T> | undefined> {
  if (!begun.ok) return begun
  const answer = await answered(() => ask(begun.data))
  if (answer.ok) return finish(answer.data)
  const refused: Failure = { code: 'invalid', key: 'factors.passkeyRefused' }
  return answer.isCancelled ? undefined : { ok: false, error: refused }
}

export const makePasskey = <T>(begun: Reply<Json>, finish: (response: Json) => Promise<Reply<T>>) =>
  through(
    begun,
    (options) =>
      navigator.credentials.create({
        publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options as unknown as PublicKeyCredentialCreationOptionsJSON),
      }),
    finish,
  )

export const showPasskey = <T>(begun: Reply<Json>, finish: (response: Json) => Promise<Reply<T>>) =>
  through(
    begun,
    (options) =>
      navigator.credentials.get({
        publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options as unknown as PublicKeyCredentialRequestOptionsJSON),
      }),
    finish,
  )
