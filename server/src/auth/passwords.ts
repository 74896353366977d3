import { fail, networkOf, type Throttle } from '@atrium/platform'
import type { AccountId } from '@atrium/protocol'
import type { Hashing } from './hashing.ts'
import { hashOf as fingerprint } from './secrets.ts'
import { countedAs, delays, sourceDelays } from './rules.ts'

/** What is compared with when there is nothing to compare with: the work is the same, and nobody knows its password. */
const nobody = '$argon2id$v=19$m=19456,t=2,p=1$ougs2yp7g2VeNf358WD5TA$bNt25fuVNDrxiYuWp3vha+gOjmf2Y3IwIqWqDVphMYI'
/** Whom the database is asked for when there is nobody: it takes the same time to find nothing. */
const noAccount = '00000000-0000-0000-0000-000000000000' as AccountId

interface Deps {
  hashing: Hashing
  throttle: Pick<Throttle, 'check' | 'hit' | 'clear'>
  hashOf: (accountId: AccountId) => Promise<string | undefined>
  isKnownSource: (accountId: AccountId, source: string) => Promise<boolean>
}
export interface Try {
  address: string
  password: string
  source: string
  /** Who it is, where that is somebody who may come in. */
  accountId: AccountId | undefined
}

/** Compares passwords, at the same pace for whoever it is. */
export function passwords({ hashing, throttle, hashOf, isKnownSource }: Deps) {
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

  return {
    hash: hashing.hash,

    /** One comparison, whether there is somebody or not. */
    async isRight({ address, password, source: from, accountId = noAccount }: Try): Promise<boolean> {
      const source = networkOf(from)
      const isKnown = await isKnownSource(accountId, source)
      const key = countedAs(address, source, isKnown)
      return inTurn(key, async () => {
        const [byAddress, bySource] = [countsOf(key, delays), countsOf(`sign-in from ${source}`, sourceDelays)]
        await mayTry([...byAddress, ...bySource])
        const hash = await hashOf(accountId)
        const isRight = (await hashing.verify(hash ?? nobody, password)) && hash !== undefined
        if (isRight) for (const count of byAddress) await throttle.clear(count.key)
        else for (const count of [...byAddress, ...bySource]) await throttle.hit(count.key, count.rate)
        return isRight
      })
    },
  }
}
