import type { Attempt, Witness } from './witness.ts'

/** All must be 0. See docs/reliability.md for what each would mean to the people who chat. */
export interface Counters {
  /** Acknowledged, and not there. */
  lost: number
  /** One send, two messages. */
  doubled: number
  /** Refused, and there all the same. */
  phantom: number
  /** Acknowledged with a number that is not the one it has, or later sends of one person in front of earlier ones. */
  reordered: number
  /** Two screens, or a screen and a fresh load, differ once all is quiet. */
  divergent: number
}
export interface Verdict {
  counters: Counters
  sends: Record<Attempt['outcome'], number>
  complaints: string[]
}
/** A message as a fresh query tells it. */
export interface Stored {
  id: string
  seq: number
  clientId: string
  roomId: string
}

export function judge(witnesses: readonly Witness[], stored: ReadonlyMap<string, readonly Stored[]>): Verdict {
  const complaints: string[] = []
  const counters: Counters = { lost: 0, doubled: 0, phantom: 0, reordered: 0, divergent: 0 }
  const count = (what: keyof Counters, why: string) => {
    counters[what]++
    if (complaints.length < 20) complaints.push(`${what}: ${why}`)
  }
  const sends = { ok: 0, refused: 0, unknown: 0 }
  const byClient = new Map<string, Stored[]>()
  for (const messages of stored.values())
    for (const message of messages) byClient.set(message.clientId, [...(byClient.get(message.clientId) ?? []), message])

  for (const witness of witnesses) {
    const latest = new Map<string, Attempt>()
    for (const attempt of witness.attempts) {
      sends[attempt.outcome]++
      const found = byClient.get(attempt.clientId) ?? []
      if (found.length > 1) count('doubled', `${attempt.clientId} is stored ${found.length} times`)
      if (attempt.outcome === 'ok' && found.length === 0)
        count('lost', `${attempt.clientId} of ${witness.options.name} was acknowledged as number ${attempt.seq}`)
      if (attempt.outcome === 'refused' && found.length > 0) count('phantom', `${attempt.clientId} was refused`)
      if (attempt.outcome === 'ok' && found[0] && found[0].seq !== attempt.seq)
        count('reordered', `${attempt.clientId} was acknowledged as ${attempt.seq} and is ${found[0].seq}`)
      const before = latest.get(attempt.roomId)
      if (attempt.outcome === 'ok' && before && before.endedAt <= attempt.begunAt && before.seq! >= attempt.seq!)
        count('reordered', `${witness.options.name} was told of ${before.seq} before sending what became ${attempt.seq}`)
      if (attempt.outcome === 'ok' && (!before || before.endedAt <= attempt.begunAt)) latest.set(attempt.roomId, attempt)
    }
    for (const contradiction of witness.contradictions) count('divergent', `${witness.options.name}: ${contradiction}`)
    for (const [roomId, screen] of witness.screens) {
      const shown = [...screen]
        .filter(([, message]) => message)
        .map(([seq, message]) => `${seq} ${message!.id}`)
        .sort()
      const there = (stored.get(roomId) ?? [])
        .filter(({ seq }) => seq >= witness.since.get(roomId)!)
        .map(({ seq, id }) => `${seq} ${id}`)
        .sort()
      if (shown.join() !== there.join()) {
        const missing = there.filter((line) => !shown.includes(line)),
          extra = shown.filter((line) => !there.includes(line))
        count(
          'divergent',
          `${witness.options.name} in ${roomId} misses ${missing.slice(0, 3).join(', ') || 'nothing'} and shows ${extra.slice(0, 3).join(', ') || 'nothing'} too much`,
        )
      }
    }
  }
  return { counters, sends, complaints }
}
