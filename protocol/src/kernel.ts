import { z } from 'zod'
import { isUuid } from './ids.ts'
import type { Right } from './rights.ts'
import type { Position } from './sync.ts'
import type { Sentence } from './sentences.ts'

/** How often an operation may be called, by one account or from one network address. */
export interface Limit {
  by: 'account' | 'source'
  times: number
  perMs: number
}
const unitMs = { s: 1_000, min: 60_000, h: 3_600_000 }
type Span = `${number} ${keyof typeof unitMs}`
const inMs = (span: Span) => {
  const [count, unit] = span.split(' ') as [string, keyof typeof unitMs]
  return Number(count) * unitMs[unit]
}
export const perAccount = (times: number, span: Span): Limit => ({ by: 'account', times, perMs: inMs(span) })
export const perSource = (times: number, span: Span): Limit => ({ by: 'source', times, perMs: inMs(span) })

/**
 * A right, and the field of the input that says over what; a list of ids means over each of them. `anything`: whoever has the
 * right over something, and the handler shows no more than that. `everything`: global administrators only.
 */
export interface Needs {
  right: Right
  on: 'domainId' | 'accountId' | 'accountIds' | 'cosId' | 'listId' | 'resourceId' | 'grantId' | 'anything' | 'everything'
}
export const needs = (right: Right, on: Needs['on']): { needs: Needs } => ({ needs: { right, on } })

/** Who may call an operation, how often and through which door. Nothing said: a signed-in person, at the usual rate, by both doors. */
export interface Terms {
  /** Callable without a session. The list of these is a reviewed file: `server/src/gateway/open-operations.txt`. */
  open?: true
  /** Callable by a guest, whose session is good for one meeting. What the guest may do there is the slice's rule. */
  guests?: true
  limit?: Limit
  /**
   * An administrative operation: who has this right over what the named field of the input says. Checked before the handler runs, or,
   * where it `saysWhoMay`, before anything leaves.
   */
  needs?: Needs
  /**
   * Of a query: its statement itself shows nothing to whoever has not this right. For who nearly always has it, it is looked up while the
   * answer waits.
   */
  saysWhoMay?: true
  /** Callable by somebody who has shown the password and still owes something: a second factor, a new password, an enrolment. */
  unfinished?: true
  /** Asks for the password (or a passkey) again, unless that was within the last ten minutes. */
  confirmed?: true
  /** Whether it is written into the audit log. Nothing said: an administrative command is, and what asks for the password again. */
  noted?: boolean
  /** `http`: it sets or ends the cookie, which no socket can. `socket`: it is about the socket itself. */
  door?: 'http' | 'socket'
  /**
   * How a repetition is answered. Nothing said: with what the first run answered, from its receipt. `natural`: by running it
   * again, which is harmless, or its own row is the receipt. `refused`: with `conflict`, for its answer was a secret, and
   * secrets are not kept.
   */
  repeat?: 'natural' | 'refused'
}

/** Reads. Safe to repeat. */
export const query = <I extends z.ZodType, O extends z.ZodType, const T extends Terms = {}>(input: I, output: O, terms?: T) =>
  ({ kind: 'query', input, output, terms: (terms ?? {}) as T }) as const

/** Changes something. Its input carries a `clientId`, so repeating it is safe too. */
export const command = <I extends z.ZodObject<{ clientId: z.ZodType }>, O extends z.ZodType, const T extends Terms = {}>(
  input: I,
  output: O,
  terms?: T,
) => ({ kind: 'command', input, output, terms: (terms ?? {}) as T }) as const

/** Momentary, from the client, without reply; may be dropped. */
export const nudge = <I extends z.ZodType>(input: I, terms: Pick<Terms, 'guests'> = {}) => ({ kind: 'nudge', input, terms }) as const

/** Something that happened: stored, numbered per topic, replayed to whoever missed it. */
export const fact = <T extends TopicKind, P extends z.ZodType>(topic: T, payload: P) => ({ kind: 'fact', topic, payload }) as const

/** Something momentary: sent to whoever is connected now, then forgotten. */
export const signal = <T extends TopicKind, P extends z.ZodType>(topic: T, payload: P) => ({ kind: 'signal', topic, payload }) as const

/**
 * The kinds of audience. `directory:all` is everyone signed in; `revocations:all` is read by processes, never by browsers.
 * `meeting:<id>` are those inside, `hosts:<meeting>` those of them who may let others in; `folder:<id>` who lists it.
 */
export const topicKinds = ['account', 'directory', 'file', 'folder', 'hosts', 'meeting', 'presence', 'revocations', 'room'] as const
export type TopicKind = (typeof topicKinds)[number]
export type Topic<K extends TopicKind = TopicKind> = `${K}:${string}`
/** Whose topic it is: the id in one of these kinds, or of any kind. Undefined for all others, and for what only looks like a topic. */
export function idIn(topic: string, ...kinds: readonly TopicKind[]): string | undefined {
  const colon = topic.indexOf(':')
  const id = topic.slice(colon + 1)
  const known: readonly string[] = kinds.length > 0 ? kinds : topicKinds
  return known.includes(topic.slice(0, colon)) && isUuid(id) ? id : undefined
}

export type Operation = { kind: 'query' | 'command'; input: z.ZodType; output: z.ZodType; terms: Terms }
export type Nudge = { kind: 'nudge'; input: z.ZodType; terms: Pick<Terms, 'guests'> }
export type Notice = { kind: 'fact' | 'signal'; topic: TopicKind; payload: z.ZodType }
export type Contract = Record<string, Operation | Nudge | Notice>

type Named<C, Shape> = { [K in keyof C]: C[K] extends Shape ? K : never }[keyof C] & string
export type OperationName<C> = Named<C, Operation>
export type NudgeName<C> = Named<C, Nudge>
export type FactName<C> = Named<C, { kind: 'fact' }>
export type SignalName<C> = Named<C, { kind: 'signal' }>
/** Operations that a caller without a session may reach. */
export type OpenName<C> = Named<C, { terms: { open: true } }>

/** What a handler is given: parsed, defaults filled in. */
export type Input<C, K extends keyof C> = C[K] extends { input: infer I extends z.ZodType } ? z.output<I> : never
/** What a client writes: defaults may be left out. */
export type Draft<C, K extends keyof C> = C[K] extends { input: infer I extends z.ZodType } ? z.input<I> : never
export type Output<C, K extends keyof C> = C[K] extends { output: infer O extends z.ZodType } ? z.output<O> : never
export type Payload<C, K extends keyof C> = C[K] extends { payload: infer P extends z.ZodType } ? z.output<P> : never
/** The topics a notice may be announced to: another kind does not compile. */
export type TopicOf<C, K extends keyof C> = C[K] extends { topic: infer T extends TopicKind } ? Topic<T> : never

/** The two Socket.IO event maps, derived. Nobody writes them by hand. */
export type ClientToServer<C> = {
  [K in OperationName<C>]: (input: Draft<C, K>, ack: (reply: Reply<Output<C, K>>) => void) => void
} & { [K in NudgeName<C>]: (input: Draft<C, K>) => void }
export type ServerToClient<C> = {
  [K in FactName<C>]: (payload: Payload<C, K> | null, at: Position) => void
} & { [K in SignalName<C>]: (payload: Payload<C, K>, topic: string) => void }

export const errorCodes = [
  'unauthenticated',
  'forbidden',
  'not_found',
  'invalid',
  'conflict',
  'too_large',
  'over_quota',
  'rate_limited',
  'unavailable',
  'internal',
] as const
export type ErrorCode = (typeof errorCodes)[number]

/** Why an operation was refused: a code for machines, the key of a sentence for people, and the field where one is at fault. */
export interface Failure {
  code: ErrorCode
  key: Sentence
  params?: Record<string, string | number>
  /** Path of the input field, such as `body` or `memberIds.3`. */
  field?: string
  retryAfterMs?: number
  /** To be told to the administrator: the log has the same. */
  ref?: string
}
export type Reply<T> = { ok: true; data: T } | { ok: false; error: Failure }
