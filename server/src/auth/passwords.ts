import { fail, type Throttle } from '@atrium/platform'
import type { AccountId } from '@atrium/protocol'
import type { Hashing } from './hashing.ts'
import { countedAs, delays, sourceDelays } from './rules.ts'

/** What is compared with when there is nothing to compare with: the work is the same, and nobody knows its password. */
const nobody = '$argon2id$v=19$m=19456,t=2,p=1$ougs2yp7g2VeNf358WD5TA$bNt25fuVNDrxiYuWp3vha+gOjmf2Y3IwIqWqDVphMYI'

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

  async function mayTry(counts: [string, { times: number; perMs: number }[]][]): Promise<void> {
    const waits = await Promise.all(counts.flatMap(([key, rates]) => rates.map((rate) => throttle.check(`${key} ${rate.perMs}`, rate))))
    const retryAfterMs = Math.max(...waits)
    if (retryAfterMs > 0)
      throw fail('rate_limited', 'auth.tooManyTries', { retryAfterMs, params: { seconds: Math.ceil(retryAfterMs / 1_000) } })
  }

  return {
    hash: hashing.hash,

    /** One comparison, whether there is somebody or not. */
    async isRight({ address, password, source, accountId }: Try): Promise<boolean> {
      const isKnown = accountId !== undefined && (await isKnownSource(accountId, source))
      const key = countedAs(address, source, isKnown)
      return inTurn(key, async () => {
        await mayTry([
          [key, delays],
          [`sign-in from ${source}`, sourceDelays],
        ])
        const hash = accountId && (await hashOf(accountId))
        const isRight = (await hashing.verify(hash ?? nobody, password)) && hash !== undefined
        const failed: [string, { times: number; perMs: number }[]][] = [
          [key, delays],
          [`sign-in from ${source}`, sourceDelays],
        ]
        if (isRight) await Promise.all(delays.map((rate) => throttle.clear(`${key} ${rate.perMs}`)))
        else for (const [name, rates] of failed) for (const rate of rates) await throttle.hit(`${name} ${rate.perMs}`, rate)
        return isRight
      })
    },
  }
}
