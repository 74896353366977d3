import type { Outgoing } from '@atrium/platform'
import { connected, inTime, type Entry, type LdapSettings } from './connection.ts'
import { bracketed, escaped, ofIds } from './filters.ts'
import { library } from './library.ts'
import { accountAttributes } from './records.ts'
import type { Words } from './presets.ts'
import { ldapTrouble, Trouble } from './trouble.ts'

/** Who it is: by what the mirror knows them, or by their address. */
export type Who = { externalId: string } | { address: string }
export interface Shown {
  /** `unknown`: LDAP has nobody like that. */
  is: 'right' | 'wrong' | 'expired' | 'locked' | 'unknown'
  words: Words
  /** As it is at this moment: what it says holds at once. */
  entry?: Entry
}

/** People wait for it: the way there, two answers and the way back. */
const signInWithinMs = 2_500

/**
 * Whether somebody's password is right, by binding with it. Throws `Trouble` where the server cannot say. An empty password is never
 * sent: servers take it for a visit of nobody, and say that it went well.
 */
export async function showPassword(
  {
    settings,
    secret,
    outgoing,
    mayGoInside,
  }: { settings: LdapSettings; secret: string | null; outgoing: Pick<Outgoing, 'connection'>; mayGoInside: boolean },
  who: Who,
  password: string,
): Promise<Shown> {
  const { PasswordPolicyControl, PasswordPolicyError } = await library()
  const asking = (async (): Promise<Shown> => {
    const ldap = await connected(settings, secret, { outgoing, mayGoInside, timeoutMs: signInWithinMs })
    try {
      const { words } = ldap
      const filter = settings.accountFilter || words.accounts
      const called = (address: string) => words.address.map((one) => `(${one}=${escaped(address)})`).join('')
      const theirs = 'externalId' in who ? await ofIds(words, [who.externalId], filter) : `(&${bracketed(filter)}(|${called(who.address)}))`
      const found = await ldap.find(settings.baseDn, theirs, accountAttributes(words))
      // Two with one address: neither is certain.
      const [entry] = found
      if (!entry || found.length > 1) return { is: 'unknown', words }
      if (password === '') return { is: 'wrong', words, entry }

      const policy = new PasswordPolicyControl()
      try {
        await ldap.client.bind(entry.dn, password, policy)
      } catch (error) {
        const trouble = ldapTrouble(error, 'bind')
        if (trouble.what !== 'credentials' && trouble.what !== 'rights') throw trouble
        const said = policy.value?.error
        if (said === PasswordPolicyError.AccountLocked) return { is: 'locked', words, entry }
        return { is: said === PasswordPolicyError.PasswordExpired || isExpiredInWindows(error) ? 'expired' : 'wrong', words, entry }
      }
      return { is: policy.value?.error === PasswordPolicyError.ChangeAfterReset ? 'expired' : 'right', words, entry }
    } finally {
      ldap.close()
    }
  })()
  return inTime(asking, signInWithinMs, () => {}).catch((error: unknown) => {
    throw error instanceof Trouble ? error : ldapTrouble(error, 'search')
  })
}

/** 532: expired; 773: to be changed at the next sign-in. The password was right. */
const isExpiredInWindows = (error: unknown) => / data (?:532|773),/.test((error as Error).message)
