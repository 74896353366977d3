import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

/** One figure of ours beside its baseline of the same run. Ratios are what counts; absolute figures are of this machine, this minute. */
export interface Figure {
  what: string
  unit: string
  ours: number[]
  baseline?: { what: string; values: number[] }
  /** What is to be reached: the ratio if there is a baseline, else the figure itself. */
  reach?: { atMost: number } | { atLeast: number }
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
export const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!

/** A-B-B-A: what drifts on a shared machine drifts for both. */
export async function alternate(
  rounds: number,
  baseline: () => Promise<number>,
  ours: () => Promise<number>,
): Promise<{ ours: number[]; baseline: number[] }> {
  const result = { ours: [] as number[], baseline: [] as number[] }
  for (let round = 0; round < rounds; round++)
    for (const side of round % 2 ? (['ours', 'baseline'] as const) : (['baseline', 'ours'] as const))
      result[side].push(await (side === 'ours' ? ours() : baseline()))
  return result
}

/** CPU seconds, user and system, of processes and all they started that still lives, thread by thread: to the nanosecond. Linux only. */
export function cpuSeconds(pids: readonly number[]): number {
  let nanoseconds = 0
  for (const pid of withChildren(pids))
    for (const thread of threadsOf(pid)) nanoseconds += Number.parseInt(readOr(`/proc/${pid}/task/${thread}/schedstat`), 10) || 0
  return nanoseconds / 1e9
}

/**
 * What is measured on the first processor, with all it started, and whoever works it on the second: what the one costs does
 * not hang on how often the scheduler moves the other. On a machine with one there is nothing to part.
 */
export function part(servers: readonly number[], clients: readonly number[]): void {
  if (availableParallelism() < 2) return
  const keep = (pid: number, core: number) => execFileSync('taskset', ['-acp', `${core}`, `${pid}`], { stdio: 'ignore' })
  // Who measures has started both.
  for (const pid of withChildren(clients)) keep(pid, 1)
  for (const pid of withChildren(servers)) keep(pid, 0)
}

/** Memory with shared pages counted by share (PSS), in MiB, of processes and all they started. Linux only. */
export function pssMiB(pids: readonly number[]): number {
  let kib = 0
  for (const pid of withChildren(pids)) kib += Number(/^Pss: +(\d+)/m.exec(readOr(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0)
  return kib / 1024
}

export function withChildren(pids: readonly number[]): number[] {
  const parents = new Map<number, number[]>()
  for (const line of execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')) {
    const [pid, parent] = line.trim().split(/\s+/).map(Number) as [number, number]
    parents.set(parent, [...(parents.get(parent) ?? []), pid])
  }
  const found = [...pids]
  for (let i = 0; i < found.length; i++) for (const child of parents.get(found[i]!) ?? []) if (!found.includes(child)) found.push(child)
  return found
}

const readOr = (path: string) => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // ended meanwhile
  }
}
const threadsOf = (pid: number) => {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/** Prints the table of the README and keeps the figures as JSON. Answers whether all that was to be reached was. */
export function report(title: string, figures: readonly Figure[]): boolean {
  let isReached = true
  console.log(`\n${title}`)
  for (const { what, unit, ours, baseline, reach } of figures) {
    const value = median(ours)
    const ratio = baseline && value / median(baseline.values)
    const judged = ratio ?? value
    const isMet = !reach || ('atMost' in reach ? judged <= reach.atMost : judged >= reach.atLeast)
    isReached &&= isMet
    const goal = reach ? ` (${'atMost' in reach ? `≤ ${reach.atMost}` : `≥ ${reach.atLeast}`}${isMet ? '' : ', NOT REACHED'})` : ''
    const range = ours.length > 1 ? ` [${show(Math.min(...ours))} … ${show(Math.max(...ours))}]` : ''
    console.log(`  ${what}`)
    console.log(`    ours      ${show(value)} ${unit}${range}${baseline ? '' : goal}`)
    if (baseline) {
      console.log(
        `    baseline  ${show(median(baseline.values))} ${unit} [${show(Math.min(...baseline.values))} … ${show(Math.max(...baseline.values))}]  ${baseline.what}`,
      )
      console.log(`    ratio     ${show(ratio!)}${goal}`)
    }
  }
  const folder = join(import.meta.dirname, '../results')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${title.replaceAll(/\W+/g, '-').toLowerCase()}.json`), JSON.stringify(figures, null, 2))
  return isReached
}

const show = (value: number) =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value >= 0.1 ? value.toFixed(2) : value.toPrecision(2)
