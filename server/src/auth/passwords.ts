import { fail, networkOf, type Count, type Throttle } from '@atrium/platform'
import type { Person, Values } from '@atrium/protocol'
import type { Accounts } from '../directory/index.ts'
import type { Hashing } from './hashing.ts'
import type { Counted, Lockouts } from './lockout.ts'
import { countedAs, delays, mayProveThemselves, sourceDelays } from './rules.ts'
import { hashOf as fingerprint } from './secrets.ts'

/** What is compared with when there is nothing to compare with: the work is the same, and nobody knows its password. */
const nobody = '$argon2id$v=19$m=19456,t=2,p=1$ougs2yp7g2VeNf358WD5TA$bNt25fuVNDrxiYuWp3vha+gOjmf2Y3IwIqWqDVphMYI'

type Arriving = Awaited<ReturnType<Accounts['arriving']>>
/** Whose password it is, as the directory knows them. */
export interface Known {
  person: Person
  address: string
  home: Arriving['home']
}
/**
 * Who says whether a password is right: asked before a try is counted, with nothing that takes longer for somebody than for nobody.
 * What it answers looks, or says nothing where passwords of this person are kept here. It refuses with a sentence when the place
 * where they are kept cannot be reached, or takes too long.
 */
export type VerifierOf = (known: Known | undefined) => Promise<(password: string) => Promise<boolean | undefined>>

interface Deps {
  hashing: Hashing
  throttle: Pick<Throttle, 'check' | 'hit' | 'clear'>
  lockout: Lockouts
  arriving: Accounts['arriving']
  /** What holds where there is nobody. */
  defaultValues: Values
  /** Whether somebody signed in to the account that has this address from there before. */
  isKnownSource: (address: string, source: string) => Promise<boolean>
  verifierOf: VerifierOf
}
export interface Try {
  address: string
  password: string
  source: string
}
export type Where = 'here' | 'elsewhere'
export interface Looked {
  /** Where the password was found right; undefined: it is wrong. */
  where: Where | undefined
  person: Person | undefined
  values: Values
  /** What was counted against a right password is forgotten then: to be waited for, beside what comes next. */
  settled: Promise<unknown>
}

/** Compares passwords, at the same pace for whoever it is. */
export function passwords({ hashing, throttle, lockout, arriving, defaultValues, isKnownSource, verifierOf }: Deps) {
  const queues = new Map<string, Promise<unknown>>()

  /** Tries at one address go one after another, until what is counted of each is written: a hundred at once are still a hundred. */
  async function inTurn<T extends { settled: Promise<unknown> }>(key: string, run: () => Promise<T>): Promise<T> {
    const before = queues.get(key)
    const turn = (before ?? Promise.resolve()).then(run, run)
    const over = turn.then(({ settled }) => settled)
    queues.set(key, over)
    const leave = () => void (queues.get(key) === over && queues.delete(key))
    over.then(leave, leave)
    return turn
  }

  /** Who guessed at what is counted, and not kept: a count has no name. */
  const countsOf = (key: string, rates: typeof delays): Count[] =>
    rates.map((rate) => ({ rate, key: `${fingerprint(key).toString('base64url')} ${rate.perMs}` }))

  /** Refuses who has to wait. Answers what was counted at all. */
  async function mayTry(counts: readonly Count[]): Promise<readonly string[]> {
    const { retryAfterMs, struck } = await throttle.check(counts)
    if (retryAfterMs > 0)
      throw fail('rate_limited', 'auth.tooManyTries', { retryAfterMs, params: { seconds: Math.ceil(retryAfterMs / 1_000) } })
    return struck
  }
  /** Nothing is written where nothing was counted, which is nearly always. */
  async function forget(counts: readonly Count[], struck: readonly string[]): Promise<void> {
    const keys = counts.flatMap(({ key }) => (struck.includes(key) ? [key] : []))
    if (keys.length > 0) await throttle.clear(keys)
  }

  /** One comparison, whether there is somebody or not. */
  async function compared(
    password: string,
    own: string | undefined,
    verify: (password: string) => Promise<boolean | undefined>,
  ): Promise<Where | undefined> {
    const elsewhere = await verify(password)
    if (elsewhere) return 'elsewhere'
    // Also where the answer is no: it takes the same work.
    const hash = elsewhere === false ? undefined : own
    return (await hashing.verify(hash ?? nobody, password)) && hash !== undefined ? 'here' : undefined
  }

  const orTakenBack = (counted: Counted, looking: Promise<Where | undefined>): Promise<Where | undefined> =>
    looking.catch(async (error: unknown) => {
      await counted.takenBack()
      throw error
    })

  return {
    hash: hashing.hash,
    verify: hashing.verify,

    /**
     * Counts tries that fail: for whatever else is guessed at, such as codes. Refuses who has to wait; `run` says whether it was right.
     */
    async counting<T>(what: string, source: string, run: () => Promise<T | undefined>): Promise<T | undefined> {
      const [own, bySource] = [countsOf(what, delays), countsOf(`sign-in from ${networkOf(source)}`, sourceDelays)]
      const { found } = await inTurn(what, async () => {
        const struck = await mayTry([...own, ...bySource])
        const found = await run()
        await (found !== undefined ? forget(own, struck) : throttle.hit([...own, ...bySource]))
        return { found, settled: Promise.resolve() }
      })
      return found
    },

    async isRight(tried: Try): Promise<Looked> {
      const { address, password } = tried
      const source = networkOf(tried.source)
      const [{ person, values, home }, isKnown] = await Promise.all([arriving(address), isKnownSource(address, source)])
      const known = mayProveThemselves(person) ? { person, address, home } : undefined
      const holding = known ? values : defaultValues
      const key = countedAs(address, source, isKnown || holding['lockout.isOn'])
      return inTurn(key, async () => {
        const [byAddress, bySource] = [countsOf(key, delays), countsOf(`sign-in from ${source}`, sourceDelays)]
        const [struck, verify] = await Promise.all([mayTry([...byAddress, ...bySource]), verifierOf(known)])
        const counted = await lockout.count({ accountId: known?.person.id, address, source }, password, holding)
        const where = await orTakenBack(counted, compared(password, counted.hash, verify))
        if (where) return { where, person, values, settled: Promise.all([counted.right(), forget(byAddress, struck)]) }
        await counted.wrong()
        await throttle.hit([...byAddress, ...bySource])
        return { where, person, values, settled: Promise.resolve() }
      })
    },
  }
}
export type Passwords = ReturnType<typeof passwords>
