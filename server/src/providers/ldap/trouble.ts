import { Refusal } from '@atrium/platform'
import type { ProviderTrouble } from '@atrium/protocol'

/** What goes wrong with an LDAP server, in a word. */
type What = ProviderTrouble

export class Trouble extends Error {
  readonly what: What
  /** Of a bind: what the password policy says. */
  readonly policy: 'expired' | 'locked' | undefined
  constructor(what: What, detail?: string, policy?: 'expired' | 'locked') {
    super(detail ?? what)
    this.what = what
    this.policy = policy
  }
}

/** LDAP's result codes (RFC 4511), as far as they mean something to us. */
const byCode: Record<number, What> = {
  3: 'truncated',
  4: 'truncated',
  10: 'referral',
  11: 'truncated',
  13: 'noTls',
  32: 'noBase',
  34: 'noBase',
  48: 'credentials',
  49: 'credentials',
  50: 'rights',
  51: 'late',
  52: 'refused',
  54: 'referral',
}

/** Whatever was thrown on the way, as one of our words. `bind`: a name that is not there is a wrong one. */
export function ldapTrouble(error: unknown, while_: 'reach' | 'bind' | 'search' | 'write'): Trouble {
  if (error instanceof Trouble) return error
  if (error instanceof Refusal) return new Trouble(error.failure.code === 'forbidden' ? 'address' : 'refused')
  const { code, message } = error as { code?: unknown; message?: string }
  if (typeof code === 'number') {
    const what = byCode[code] ?? 'other'
    return new Trouble(while_ === 'bind' && what === 'noBase' ? 'credentials' : what, message)
  }
  if (typeof code === 'string' && isOfCertificate(code)) return new Trouble('certificate', code)
  if (/timed out|timeout/i.test(message ?? '')) return new Trouble('late')
  if (typeof code === 'string' || /socket|connection|closed/i.test(message ?? '')) return new Trouble('refused', message)
  return new Trouble('other', message)
}

const isOfCertificate = (code: string) => /CERT|SELF_SIGNED|SIGNATURE|ERR_TLS|ERR_SSL|EPROTO/.test(code)
