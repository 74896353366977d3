import type { Failure, Me, Reply } from '@atrium/protocol'
import { forgetDocuments } from '#features/documents/kept.ts'
import { forgetEverybody } from '#lib/kept.ts'
import { get, post } from '#lib/hub/http.ts'
import { newId } from '#lib/hub/ids.ts'
import { m, sentence } from '#lib/i18n/index.ts'

/** What this browser remembers of who is signed in, so that a page begins at once, and begins without a network. */
const key = 'atrium.me'

export function keptMe(): Me | undefined {
  const text = localStorage.getItem(key)
  return text === null ? undefined : (JSON.parse(text) as Me)
}

/** That somebody looks through these eyes is true of a session, which may be over when the page is opened again. */
export const keepMe = ({ openedBy: _, ...me }: Me): void => localStorage.setItem(key, JSON.stringify(me))

export async function askMe(): Promise<Reply<Me>> {
  const reply = await get('directory.me', {})
  // A guest of a meeting is nobody's account: nothing of it is remembered.
  if (reply.ok && reply.data.person.kind !== 'guest') keepMe(reply.data)
  return reply
}

/** Nothing of this account stays in the browser. */
export function forgetMe(): void {
  localStorage.removeItem(key)
  forgetEverybody()
  void forgetDocuments()
}

/** Nothing of the account that somebody else looked at; what is their own stays. */
export async function forgetLooked(accountId: string): Promise<void> {
  localStorage.removeItem(key)
  forgetEverybody(accountId)
  await forgetDocuments(accountId)
}

let isGoing = false
/** Somebody signs out here: that the connection ends with it is no news. */
export const isSigningOut = (): boolean => isGoing
export const goes = (is: boolean): void => void (isGoing = is)

/** The page itself goes too: what its memory holds is nobody's any more. */
export async function signOut(): Promise<void> {
  isGoing = true
  const reply = await post('auth.signOut', { clientId: newId() })
  forgetMe()
  location.assign((reply.ok && reply.data.elsewhere) || '/sign-in')
}

/** Where only the password was asked for, nothing is said of an address. */
export const passwordSentence = (failure: Failure): string =>
  failure.key === 'auth.wrongPassword' ? m.password_not_yours() : sentence(failure)
