import type { Kysely, QueryExecutorProvider } from 'kysely'
import { fail, inOneGo, networkOf, Refusal, type Count, type Reading, type Throttle } from '@atrium/platform'
import type { Person, Values } from '@atrium/protocol'
import type { Accounts } from '../directory/index.ts'
import type { Hashing } from './hashing.ts'
import type { Counted, Lockouts } from './lockout.ts'
import { countedAs, delays, mayProveThemselves, sourceDelays } from './rules.ts'
import { hashOf as fingerprint } from './secrets.ts'

/** What is compared with when there is nothing to compare with: the work is the same, and nobody knows its password. */
const nobody = '$argon2id$v=19$m=19456,t=2,p=1$ougs2yp7g2VeNf358WD5TA$bNt25fuVNDrxiYuWp3vha+gOjmf2Y3IwIqWqDVphMYI'

type Arriving = Awaited<ReturnType<Accounts['arriving']>>
/**
 * Who says whether a password is right: what is asked for an address is the same whether it is somebody's or not. What it answers
 * looks, or says nothing where passwords of this person are kept here. It refuses with a sentence when the place where they are kept
 * cannot be reached, or takes too long.
 */
export type VerifierOf = (at: QueryExecutorProvider, address: string) => Promise<Verify>
type Verify = (known: { person: Person; home: Arriving['home'] } | undefined, password: string) => Promise<boolean | undefined>

interface Deps {
  db: Reading<any>
  hashing: Hashing
  throttle: Pick<Throttle, 'check' | 'hit' | 'clear'>
  lockout: Lockouts
  arriving: Accounts['arriving']
  /** What holds where there is nobody. */
  defaultValues: Values
  /** Whether somebody signed in to the account that has this address from there before. */
  isKnownSource: (at: Reading<any>, address: string, source: string) => Promise<boolean>
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
  /** What it was compared with, where it is kept here. */
  hash: string | undefined
  person: Person | undefined
  values: Values
  /** What counts against a password that was right: `forget` takes it away, or the unit that lets its person in. */
  against: { guess: Buffer | undefined; strikes: readonly string[] }
}
const nothing: Looked['against'] = { guess: undefined, strikes: [] }

/** Compares passwords, at the same pace for whoever it is. */
export function passwords({ db, hashing, throttle, lockout, arriving, defaultValues, isKnownSource, verifierOf }: Deps) {
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
  const countsOf = (key: string, rates: typeof delays): Count[] =>
    rates.map((rate) => ({ rate, key: `${fingerprint(key).toString('base64url')} ${rate.perMs}` }))

  /** Refuses who has to wait. Answers what was counted at all. */
  async function mayTry(counts: readonly Count[], at?: Reading<any>): Promise<readonly string[]> {
    const { retryAfterMs, struck } = await throttle.check(counts, at)
    if (retryAfterMs > 0)
      throw fail('rate_limited', 'auth.tooManyTries', { retryAfterMs, params: { seconds: Math.ceil(retryAfterMs / 1_000) } })
    return struck
  }
  /** Of these, what counts anything, which is nearly always nothing. */
  const among = (counts: readonly Count[], struck: readonly string[]): string[] =>
    counts.flatMap(({ key }) => (struck.includes(key) ? [key] : []))

  /** One comparison, whether there is somebody or not. */
  async function compared(password: string, own: string | undefined, looking: Promise<boolean | undefined>): Promise<Where | undefined> {
    const elsewhere = await looking
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
      return inTurn(what, async () => {
        const struck = await mayTry([...own, ...bySource])
        const found = await run()
        const strikes = among(own, struck)
        if (found === undefined) await throttle.hit([...own, ...bySource])
        else if (strikes.length > 0) await throttle.clear(strikes)
        return found
      })
    },

    async forget({ guess, strikes }: Looked['against']): Promise<void> {
      await Promise.all([guess && lockout.forget(guess), strikes.length > 0 && throttle.clear(strikes)])
    },

    async isRight({ address, password, ...tried }: Try): Promise<Looked> {
      const source = networkOf(tried.source)
      const [own, shared] = [true, false].map((isOfItsOwn) => countedAs(address, source, isOfItsOwn)) as [string, string]
      const bySource = countsOf(`sign-in from ${source}`, sourceDelays)
      return inTurn(own, async () => {
        const [{ person, values, home }, isKnown, verify, counted] = await inOneGo(db, (at: Kysely<any>) => [
          arriving(at, address),
          isKnownSource(at, address, source),
          verifierOf(at, address),
          mayTry([...countsOf(own, delays), ...bySource], at),
        ])
        const known = mayProveThemselves(person) ? { person, home } : undefined
        const holding = known ? values : defaultValues
        const look = async (byAddress: readonly Count[], struck: readonly string[]): Promise<Looked> => {
          const tried = await lockout.count({ accountId: known?.person.id, address, source }, password, holding)
          const where = await orTakenBack(tried, compared(password, tried.hash, verify(known, password))).catch(async (error: unknown) => {
            // What another directory says of an account it says to whoever asks: that is a try, too.
            if (error instanceof Refusal && error.failure.code === 'unauthenticated') await throttle.hit([...byAddress, ...bySource])
            throw error
          })
          if (where)
            return {
              where,
              hash: where === 'here' ? tried.hash : undefined,
              person,
              values,
              against: { guess: tried.guess, strikes: among(byAddress, struck) },
            }
          await tried.wrong()
          await throttle.hit([...byAddress, ...bySource])
          return { where, hash: undefined, person, values, against: nothing }
        }
        if (isKnown || holding['lockout.isOn']) return look(countsOf(own, delays), counted)
        // Strangers share a count, so they also wait for one another.
        const byAddress = countsOf(shared, delays)
        return inTurn(shared, async () => look(byAddress, await mayTry([...byAddress, ...bySource])))
      })
    },
  }
}
export type Passwords = ReturnType<typeof passwords>
