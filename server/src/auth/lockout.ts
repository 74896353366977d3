import { createHmac, hkdfSync } from 'node:crypto'
import type { RawBuilder } from 'kysely'
import { fail, networkOf, type Refusal, type Tx } from '@atrium/platform'
import type { AccountId, Values } from '@atrium/protocol'
import { lockoutOf, shareOfOneNetwork } from './rules.ts'
import { hashOf } from './secrets.ts'
import { beginTry, findLockouts, forgetTries, lockedOut, lockedOutUntil, liftLockout, lockOut, uncountTry } from './store.lockout.ts'

/** Locked out until an administrator lifts it: so long that no page shows a date. */
export const forever = new Date('9999-12-31T23:59:59.000Z')
const retrySoonMs = 5_000

interface Deps {
  db: Parameters<typeof beginTry>[0]
  /** The hub's own key; what is kept of wrong passwords is hashed with one made of it. */
  hubKey: () => Promise<Buffer>
  now: () => Date
}
/** Whom the database is asked for when there is nobody: it takes the same time to find nothing. */
const noAccount = '00000000-0000-0000-0000-000000000000' as AccountId

/** A try that was counted before it was looked at. */
export interface Counted {
  /** What it is compared with, if there is anything. */
  hash: string | undefined
  /** Where it was counted, if anywhere: what was right is forgotten there. */
  guess: Buffer | undefined
  wrong(): Promise<void>
  /** It could not be looked at. */
  takenBack(): Promise<void>
}

/** AUTH-10, for accounts and, so that nobody learns which they are, for addresses that nobody has. */
export function lockouts({ db, hubKey, now }: Deps) {
  let macKey: Promise<Buffer> | undefined
  const keyOfMacs = () =>
    (macKey ??= hubKey().then(
      (key) => Buffer.from(hkdfSync('sha256', key, '', 'wrong passwords', 32)),
      (error: unknown) => {
        macKey = undefined
        throw error
      },
    ))
  const keyOf = (who: { accountId: AccountId } | { address: string }): Buffer =>
    hashOf('accountId' in who ? `account ${who.accountId}` : `address ${who.address}`)

  function refusal(until: Date | null, at: Date): Refusal {
    if (until === null) return fail('forbidden', 'factors.lockedOutUntilLifted')
    const retryAfterMs = until.getTime() - at.getTime()
    return fail('rate_limited', 'factors.lockedOut', { retryAfterMs, params: { retryAfterMs } })
  }

  /** Whoever is locked out. */
  function refuse(standing: { until: Date | null } | undefined): void {
    if (standing) throw refusal(standing.until, now())
  }

  return {
    refuse,

    /** Refuses, or counts the try: whoever looks at it says what it was. */
    async count(
      who: { accountId: AccountId | undefined; address: string; source: string },
      password: string,
      values: Values,
    ): Promise<Counted> {
      const policy = lockoutOf(values)
      const key = keyOf(who.accountId === undefined ? { address: who.address } : { accountId: who.accountId })
      // Hexadecimal: as names of fields in what the database answers, other spellings would be changed.
      const mac = createHmac('sha256', await keyOfMacs())
        .update(password.normalize('NFKC'))
        .digest('hex')
        .slice(0, 32)
      const from = hashOf(networkOf(who.source)).toString('base64url').slice(0, 11)
      const share = shareOfOneNetwork(policy.attempts)
      const tried = { key, mac, from, at: now().getTime() }
      const { standing, tries, hash } = await beginTry(db, who.accountId ?? noAccount, tried, { ...policy, share })
      refuse(standing)
      if (!tries) return { hash, guess: undefined, wrong: async () => {}, takenBack: async () => {} }

      const isFull = Object.keys(tries).length >= policy.attempts
      // So many are being looked at just now, each of them perhaps wrong.
      if (isFull && !(mac in tries))
        throw fail('rate_limited', 'auth.tooManyTries', { retryAfterMs: retrySoonMs, params: { seconds: retrySoonMs / 1_000 } })
      return {
        hash,
        guess: key,
        async wrong() {
          if (!isFull) return
          const since = now()
          const until = policy.periodMs === null ? null : new Date(since.getTime() + policy.periodMs)
          await lockOut(db, { key, accountId: who.accountId, since, until })
        },
        takenBack: () => uncountTry(db, key, mac),
      }
    },

    /** Until when each of these is locked out. */
    async until(at: Parameters<typeof findLockouts>[0] | Tx, ids: readonly AccountId[]): Promise<Map<AccountId, Date>> {
      return new Map((await findLockouts(at, ids, now())).map(({ accountId, until }) => [accountId, until ?? forever]))
    },
    /** The same in SQL, for a statement that lists accounts. */
    untilOf: (accountId: RawBuilder<unknown>): RawBuilder<Date | null> => lockedOutUntil(accountId, forever, now()),
    /** All who are locked out, in SQL: for a statement that counts them. */
    all: (): RawBuilder<AccountId> => lockedOut(now()),
    /** The password was right: tries before it count no more. */
    forget: (guess: Buffer): Promise<void> => forgetTries(db, guess),
    lift: (at: Parameters<typeof liftLockout>[0], accountId: AccountId): Promise<void> => liftLockout(at, keyOf({ accountId })),
  }
}
export type Lockouts = ReturnType<typeof lockouts>
