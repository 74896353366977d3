/** One step from the live list to the past one: the same item, one to change inside, one to add, one to remove. */
export type Step<T> = { is: 'same' | 'changed'; live: T; past: T } | { is: 'added'; past: T } | { is: 'removed'; live: T }

export interface Likeness<T> {
  /** Equal keys: equal items. */
  key: (item: T) => string
  /** Of the same kind: one can become the other by changes inside. */
  isAlike: (live: T, past: T) => boolean
}

/** Longer middles are paired by kind only: the table below would take more than 16 MB. */
const maxCells = 4_000_000

/** Finds what both lists share between equal ends (longest common subsequence), then pairs what lies between by kind. */
export function align<T>(live: readonly T[], past: readonly T[], likeness: Likeness<T>): Step<T>[] {
  const a = live.map(likeness.key)
  const b = past.map(likeness.key)
  const head = equalAtStart(a, b)
  const tail = equalAtEnd(a, b, head)
  const same = (from: number, to: number, shift: number): Step<T>[] =>
    live.slice(from, to).map((item, i) => ({ is: 'same', live: item, past: past[from + i + shift]! }))
  return [
    ...same(0, head, 0),
    ...middle(live.slice(head, live.length - tail), past.slice(head, past.length - tail), likeness),
    ...same(live.length - tail, live.length, past.length - live.length),
  ]
}

function equalAtStart(a: readonly string[], b: readonly string[]): number {
  let n = 0
  while (n < a.length && n < b.length && a[n] === b[n]) n++
  return n
}

function equalAtEnd(a: readonly string[], b: readonly string[], head: number): number {
  let n = 0
  while (n < a.length - head && n < b.length - head && a.at(-1 - n) === b.at(-1 - n)) n++
  return n
}

function middle<T>(live: readonly T[], past: readonly T[], { key, isAlike }: Likeness<T>): Step<T>[] {
  const a = live.map(key)
  const b = past.map(key)
  const longest = commonTable(a, b)
  const steps: Step<T>[] = []
  let gone: T[] = []
  let come: T[] = []
  const settle = () => {
    steps.push(...paired(gone, come, isAlike))
    gone = []
    come = []
  }
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      settle()
      steps.push({ is: 'same', live: live[i++]!, past: past[j++]! })
    } else if (j >= b.length || (i < a.length && longest(i + 1, j) >= longest(i, j + 1))) gone.push(live[i++]!)
    else come.push(past[j++]!)
  }
  settle()
  return steps
}

/** How long the longest common subsequence of what begins at `i` and at `j` is; always 0 where the table would be too large. */
function commonTable(a: readonly string[], b: readonly string[]): (i: number, j: number) => number {
  const width = b.length + 1
  if (a.length * b.length > maxCells) return () => 0
  const cells = new Uint32Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      cells[i * width + j] =
        a[i] === b[j] ? cells[(i + 1) * width + j + 1]! + 1 : Math.max(cells[(i + 1) * width + j]!, cells[i * width + j + 1]!)
  return (i, j) => cells[i * width + j]!
}

function paired<T>(gone: readonly T[], come: readonly T[], isAlike: Likeness<T>['isAlike']): Step<T>[] {
  const steps: Step<T>[] = []
  let next = 0
  for (const past of come) {
    const at = gone.findIndex((live, n) => n >= next && isAlike(live, past))
    if (at < 0) {
      steps.push({ is: 'added', past })
      continue
    }
    for (const live of gone.slice(next, at)) steps.push({ is: 'removed', live })
    steps.push({ is: 'changed', live: gone[at]!, past })
    next = at + 1
  }
  for (const live of gone.slice(next)) steps.push({ is: 'removed', live })
  return steps
}
