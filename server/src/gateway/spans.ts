import type { Actor, Span } from '@atrium/platform'

export type Spans = ReadonlyMap<string, Span[]>
/** The stretches of these topics that a reader may see. */
export type SpansOf = (actor: Actor, topics: readonly string[]) => Promise<Spans>

const always: Span[] = [{ from: 1, to: null }]
const aboutAnId = /^[a-z]+:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/

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
    const sane = asked.filter((topic) => aboutAnId.test(topic) && !(actor.kind === 'guest' && topic.startsWith('presence:')))
    const found = sane.length === 0 ? [] : await Promise.all(slices.map((of) => of(actor, sane)))
    return new Map([...own.map((topic) => [topic, always] as const), ...found.flatMap((spans) => [...spans])])
  }
