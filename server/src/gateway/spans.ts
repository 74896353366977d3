import type { Actor, Span } from '@atrium/platform'
import { idIn } from '@atrium/protocol'

export type Spans = ReadonlyMap<string, Span[]>
/** The stretches of these topics that a reader may see. */
export type SpansOf = (actor: Actor, topics: readonly string[]) => Promise<Spans>

const always: Span[] = [{ from: 1, to: null }]

/** Whether a reader who stands at the last number of a topic missed nothing: what comes next is its own to hear. */
export const isLevel = (spans: readonly Span[] = [], seq: number): boolean => spans.some(({ from, to }) => to === null && from <= seq + 1)

/** What everybody hears: their own topic, and of the people in the directory whoever is one of them. */
export const everybodysOwn = ({ accountId, kind }: Actor): string[] => [
  `account:${accountId}`,
  ...(kind === 'guest' ? [] : ['directory:all']),
]

/** One's own topic and the directory are everybody's; of all others the slices know. What only looks like a topic is asked of nobody. */
export const everySpanOf =
  (slices: readonly SpansOf[]): SpansOf =>
  async (actor, asked) => {
    const own = everybodysOwn(actor).filter((topic) => asked.includes(topic))
    // Who of the house is at a screen is no guest's business.
    const sane = asked.filter((topic) => idIn(topic) !== undefined && !(actor.kind === 'guest' && topic.startsWith('presence:')))
    const found = sane.length === 0 ? [] : await Promise.all(slices.map((of) => of(actor, sane)))
    return new Map([...own.map((topic) => [topic, always] as const), ...found.flatMap((spans) => [...spans])])
  }
