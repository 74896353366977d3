import { AsyncLocalStorage } from 'node:async_hooks'
import { sql, type Transaction } from 'kysely'
import type { FactName, Hub, Payload, TopicOf } from '@atrium/protocol'
import type { Event } from './bus/index.ts'
import { isFollowing } from './db/faults.ts'
import { behind } from './db/open.ts'
import { Refusal } from './errors.ts'
import { factOf, type Fact, type Mark } from './journal.ts'
import { takeReceipt, type Receipt } from './receipts.ts'
import type { Witness } from './witness.ts'

declare const opaque: unique symbol
interface Opaque {
  readonly [opaque]: true
}
/** A unit of work under way. Without tables it is only something to pass on: `within` opens it, in a store, for its own. */
export type Tx<Tables = never> = [Tables] extends [never] ? Opaque : Opaque & Transaction<Tables>
/** For a store whose function is called within another slice's unit of work. */
export const within = <Tables>(tx: Tx): Opaque & Transaction<Tables> => tx as Opaque & Transaction<Tables>

/**
 * Says that something happened. It only collects: numbers are given at the end of the transaction. A payload that is a
 * function is run then, with the number, still inside the transaction, so it may write the row that keeps the number.
 */
export type Announce<Tables = never> = <K extends FactName<Hub>>(
  topic: TopicOf<Hub, K>,
  name: K,
  payload: Payload<Hub, K> | ((seq: number, tx: Tx<Tables>) => Payload<Hub, K> | Promise<Payload<Hub, K>>),
  mark?: Mark,
) => void

export interface Unit {
  run: (tx: Transaction<any>, announce: Announce<any>) => Promise<unknown>
  /** It writes only in the payloads of its facts. */
  isAbreast: boolean
  /** The disk may have it a moment after the answer. */
  mayWait: boolean
  /** Calls in the async context of whoever asked for the unit: otherwise it would log and trace under another's request. */
  here: <T>(call: () => T) => T
  receipt: Receipt | undefined
  witness: Witness | undefined
  resolve: (result: any) => void
  reject: (error: unknown) => void
}
export interface Done {
  ok: true
  unit: Unit
  result: unknown
  facts: Fact[]
  signals: Event[]
  /** Answered from a receipt: there is nothing to keep. */
  isRepetition: boolean
}
export type Outcome = Done | { ok: false; unit: Unit; error: unknown }

/** What an administrative command did to something. What was secret is masked when it is written. */
export interface Audited {
  target?: { kind: string; id: string; name?: string | undefined }
  /** Whose administrators may read of it. Left out: the domain the target lies in. */
  domainId?: string | null
  before?: Record<string, unknown> | null
  after?: Record<string, unknown> | null
}

const underWay = new AsyncLocalStorage<{ signals: Event[]; said: Audited[] }>()
export const isInUnit = (): boolean => underWay.getStore() !== undefined
export const say = (said: Audited): void => void underWay.getStore()?.said.push(said)

/** Published when the unit under way has committed. Outside of one, nothing: whoever waits for it looks by itself after a while. */
export function afterCommit(event: Event): void {
  const signals = underWay.getStore()?.signals
  if (signals && !signals.some(({ topic }) => topic === event.topic)) signals.push(event)
}

/** What somebody's function threw, when the whole transaction must go because of it. */
export class Broken extends Error {
  constructor(cause: unknown) {
    super('a unit of work broke', { cause })
  }
}

/** A repetition in the same group as the first: it must wait for the group's commit. */
export class TooSoon extends Error {}

async function perform(tx: Transaction<any>, unit: Unit): Promise<Outcome> {
  const facts: Fact[] = []
  const signals: Event[] = []
  let isOver = false
  const announce: Announce = (topic, name, payload, mark = {}) => {
    if (isOver) throw new Error(`"${name}" was announced after its unit of work had ended: an await is missing.`)
    facts.push(factOf(topic, name, payload, mark))
  }
  try {
    const kept = unit.receipt && (await takeReceipt(tx, unit.receipt))
    if (kept) return { ok: true, unit, result: kept.output, facts, signals, isRepetition: true }
    const said: Audited[] = []
    const result = await unit.here(() => underWay.run({ signals, said }, () => unit.run(tx, announce)))
    await testify(tx, unit, said)
    return { ok: true, unit, result, facts, signals, isRepetition: false }
  } finally {
    isOver = true
  }
}

/** A unit that is repeated says it again: what it wrote before went with its transaction. */
async function testify(tx: Transaction<any>, unit: Unit, said: readonly Audited[]): Promise<void> {
  const { witness } = unit
  if (!witness || (said.length === 0 && witness.by !== undefined && witness.by !== unit)) return
  witness.by ??= unit
  await witness.write(tx as unknown as Tx, said)
}

export const performAlone = async (tx: Transaction<any>, unit: Unit): Promise<Outcome[]> => [await perform(tx, unit)]

/** In the order in which they came; neighbours that write nothing yet at the same time. */
export async function performTogether(tx: Transaction<any>, units: readonly Unit[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (let begin = 0, end = 0; begin < units.length; begin = end) {
    const { isAbreast } = units[begin]!
    while (units[end]?.isAbreast === isAbreast) end++
    const neighbours = units.slice(begin, end)
    outcomes.push(...(isAbreast ? await performAbreast(tx, neighbours) : await performApart(tx, neighbours)))
  }
  return outcomes
}

/**
 * None of these has written anything, so a refusal leaves nothing to undo, and they need no savepoints. After any other error
 * nobody can know whether the transaction still stands: then all of it goes.
 */
const performAbreast = (tx: Transaction<any>, units: readonly Unit[]): Promise<Outcome[]> =>
  allOf(
    units.map((unit) =>
      perform(tx, unit).catch((error: unknown): Outcome => {
        if (error instanceof Refusal) return { ok: false, unit, error }
        throw error
      }),
    ),
  )

/** In company, a unit that fails is undone alone. Its error is an outcome like another: it may rest on what an earlier unit did. */
async function performApart(tx: Transaction<any>, units: readonly Unit[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const receipts = new Set<string>()
  await sql`${behind}savepoint unit`.execute(tx)
  for (const unit of units)
    try {
      const key = unit.receipt && `${unit.receipt.accountId} ${unit.receipt.clientId}`
      if (key !== undefined && receipts.has(key)) throw new TooSoon()
      const outcome = await perform(tx, unit)
      await sql`${behind}release savepoint unit; savepoint unit`.execute(tx)
      outcomes.push(outcome)
      if (key !== undefined) receipts.add(key)
    } catch (error) {
      await sql`${behind}rollback to savepoint unit`.execute(tx)
      outcomes.push({ ok: false, unit, error })
    }
  return outcomes
}

/**
 * The payloads that waited for their numbers. The topics are held meanwhile, so all are asked for together. One that fails
 * leaves a gap that nobody may see: the whole transaction goes.
 */
export function payloadsOf(tx: Transaction<any>, units: readonly Done[], seqs: readonly number[]): Promise<unknown[]> {
  let n = 0
  return allOf(
    units.flatMap(({ unit, facts, signals }) =>
      facts.map(async ({ payload }) => {
        const seq = seqs[n++]!
        return typeof payload === 'function'
          ? unit.here(() => underWay.run({ signals, said: [] }, () => payload(seq, tx) as unknown))
          : payload
      }),
    ),
  )
}

/** Waits for all, whatever becomes of one: who still asks after a rollback would ask on a connection that is somebody else's. */
async function allOf<T>(asked: Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(asked)
  const faults = settled.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []))
  // After the first fault the server refuses whatever else is asked: that would be the wrong reason to give.
  if (faults.length > 0) throw new Broken(faults.find((fault) => !isFollowing(fault)) ?? faults[0])
  return settled.map((answer) => (answer as PromiseFulfilledResult<T>).value)
}

/** Asks the units that waited for their numbers for their results. */
export function finish(units: readonly Done[]): void {
  for (const done of units)
    if (typeof done.result === 'function')
      try {
        done.result = done.unit.here(done.result as () => unknown)
      } catch (error) {
        throw new Broken(error)
      }
}
