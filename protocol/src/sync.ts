import { z } from 'zod'
import { query, signal, type Failure } from './kernel.ts'

// One check that says it all: after a broken connection thousands name their topics at once.
const TopicName = z.string().regex(/^[a-z]{1,20}:[0-9a-z:-]{1,79}$/)

/** Where a fact stands in its topic. A client that sees a gap asks for what it missed. */
export const Position = z.object({ topic: TopicName, seq: z.int().nonnegative() })
export type Position = z.output<typeof Position>

/** Where a client stands. The epoch is the database's: a restored backup begins a new one, and old numbers mean nothing in it. */
export const Since = z.strictObject({ epoch: z.uuid(), positions: z.array(Position).min(1).max(500) })
export type Since = z.output<typeof Since>

/** A payload of null: a later fact replaced this one. It is delivered, so that numbers stay arithmetic. */
export const Delta = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('delta'),
    topic: z.string(),
    seq: z.int(),
    hasMore: z.boolean(),
    facts: z.array(z.object({ name: z.string(), payload: z.unknown(), at: Position })),
  }),
  z.object({ kind: z.literal('reset'), topic: z.string() }),
  z.object({ kind: z.literal('not_found'), topic: z.string() }),
])
export type Delta = z.output<typeof Delta>

const Watched = z.object({ epoch: z.uuid(), watching: z.array(Position), missed: z.array(Delta) })

export const sync = {
  /**
   * Replaces the topics that this socket has on screen. Answers where each stands; a topic that the caller may not
   * hear is left out of the answer, whether it exists or not. Who comes back says with it where it stood, and is told
   * in the same answer what it missed; of a topic in which that was nothing, nothing.
   */
  'sync.watch': query(z.strictObject({ topics: z.array(TopicName).max(500), since: Since.optional() }), Watched, {
    guests: true,
    door: 'socket',
  }),
  /** The reply to a `sync.watch` that was asked with the handshake, as `auth.watch`: who comes back does so in one exchange. */
  'sync.watched': signal(
    'account',
    z.discriminatedUnion('ok', [
      z.object({ ok: z.literal(true), data: Watched }),
      z.object({ ok: z.literal(false), error: z.custom<Failure>() }),
    ]),
  ),
  'sync.since': query(Since, z.array(Delta), { guests: true }),
}
