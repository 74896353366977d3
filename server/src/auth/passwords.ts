import { fail, networkOf, type Throttle } from '@atrium/platform'
import type { AccountId, Values } from '@atrium/protocol'
import type { Hashing } from './hashing.ts'
import type { Counted, Lockouts } from './lockout.ts'
import { countedAs, delays, sourceDelays } from './rules.ts'
import { hashOf as fingerprint } from './secrets.ts'

/** What is compared with when there is nothing to compare with: the work is the same, and nobody knows its password. */
const nobody = '$argon2id$v=19$m=19456,t=2,p=1$ougs2yp7g2VeNf358WD5TA$bNt25fuVNDrxiYuWp3vha+gOjmf2Y3IwIqWqDVphMYI'
/** Whom the database is asked for when there is nobody: it takes the same time to find nothing. */
const noAccount = '00000000-0000-0000-0000-000000000000' as AccountId

/**
 * Whether a password is right where this person's passwords are kept. Undefined: they are kept here. Refuses with a sentence when
 * that place cannot be reached, or takes too long.
 */
export type VerifyElsewhere = (account: { id: AccountId; address: string }, password: string) => Promise<boolean | undefined>

interface Deps {
  hashing: Hashing
  throttle: Pick<Throttle, 'check' | 'hit' | 'clear'>
  lockout: Lockouts
  hashOf: (accountId: AccountId) => Promise<string | undefined>
  isKnownSource: (accountId: AccountId, source: string) => Promise<boolean>
  /** What holds for an account; for nobody what holds where nobody says anything. */
  valuesOf: (accountId: AccountId) => Promise<Values>
  verifyElsewhere: VerifyElsewhere
}
export interface Try {
  address: string
  password: string
  source: string
  /** Who it is, where that is somebody who may come in. */
  accountId: AccountId | undefined
}

/** Compares passwords, at the same pace for whoever it is. */
export function passwords({ hashing, throttle, lockout, hashOf, isKnownSource, valuesOf, verifyElsewhere }: Deps) {
  const queues = new Map<string, Promise<unknown>>()

  /** Tries at one address go one after another: a hundred at once are still a hundred. */
  async function inTurn<T>(key: string, run: () => Promise<T>): Promise<T> {
    const before = queues.get(key)
    const turn = (before ?? Promise.resolve()).then(run, run)
    queues.set(key, turn)
    try {
      return await turn
    } finally {
      if (queues.get(key) === turn) queues.delete(key)
    }
  }

  /** Who guessed at what is counted, and not kept: a count has no name. */
  const countsOf = (key: string, rates: typeof delays) =>
    rates.map((rate) => ({ rate, key: `${fingerprint(key).toString('base64url')} ${rate.perMs}` }))

  async function mayTry(counts: ReturnType<typeof countsOf>): Promise<void> {
    const retryAfterMs = Math.max(...(await Promise.all(counts.map(({ key, rate }) => throttle.check(key, rate)))))
    if (retryAfterMs > 0)
      throw fail('rate_limited', 'auth.tooManyTries', { retryAfterMs, params: { seconds: Math.ceil(retryAfterMs / 1_000) } })
  }

  /** One comparison, whether there is somebody or not. */
  async function compared({ address, password, accountId }: Try): Promise<'here' | 'elsewhere' | undefined> {
    const id = accountId ?? noAccount
    const [elsewhere, own] = await Promise.all([verifyElsewhere({ id, address }, password), hashOf(id)])
    if (elsewhere) return 'elsewhere'
    // Also where the answer is no: it takes the same work.
    const hash = elsewhere === false ? undefined : own
    return (await hashing.verify(hash ?? nobody, password)) && hash !== undefined ? 'here' : undefined
  }

  async function settled(counted: Counted, right: Promise<'here' | 'elsewhere' | undefined>): Promise<'here' | 'elsewhere' | undefined> {
    const found = await right.catch(async (error: unknown) => {
      await counted.takenBack()
      throw error
    })
    await (found ? counted.right() : counted.wrong())
    return found
  }

  return {
    hash: hashing.hash,
    verify: hashing.verify,

    /**
     * Counts tries that fail: for whatever else is guessed at, such as codes. Refuses who has to wait; `run` says whether it was right.
     */
    async counting<T>(what: string, source: string, run: () => Promise<T | undefined>): Promise<T | undefined> {
      const [own, bySource] = [countsOf(what, delays), countsOf(`sign-in from ${networkOf(source)}`, sourceDelays)]
      return inTurn(what, async () => {
        await mayTry([...own, ...bySource])
        const found = await run()
        if (found !== undefined) for (const count of own) await throttle.clear(count.key)
        else for (const count of [...own, ...bySource]) await throttle.hit(count.key, count.rate)
        return found
      })
    },

    /** Where the password was found right; undefined: it is wrong. */
    async isRight(tried: Try): Promise<'here' | 'elsewhere' | undefined> {
      const { address, password, accountId } = tried
      const source = networkOf(tried.source)
      const [isKnown, values] = await Promise.all([isKnownSource(accountId ?? noAccount, source), valuesOf(accountId ?? noAccount)])
      const key = countedAs(address, source, isKnown || values['lockout.isOn'])
      return inTurn(key, async () => {
        const [byAddress, bySource] = [countsOf(key, delays), countsOf(`sign-in from ${source}`, sourceDelays)]
        await mayTry([...byAddress, ...bySource])
        const counted = await lockout.count({ accountId, address, source }, password, values)
        const found = await settled(counted, compared(tried))
        if (found) await Promise.all(byAddress.map((count) => throttle.clear(count.key)))
        else for (const count of [...byAddress, ...bySource]) await throttle.hit(count.key, count.rate)
        return found
      })
    },
  }
}
export type Passwords = ReturnType<typeof passwords>
