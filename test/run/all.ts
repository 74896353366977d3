// Runs everything there is to run, one after the other, and sums it. `npm test -- scenarios faults` runs these alone.
import { rm } from 'node:fs/promises'
import { check, tellOutcome } from '../../infra/check.ts'
import { groundInMemory } from './ground.ts'
import { prepareMachine } from './machine.ts'
import { nothing, sum, sentence, type Result } from './results.ts'
import { vitest } from './vitest.ts'

const stages: Record<string, () => Promise<Result>> = {
  check: async () => {
    const outcomes = await check(tellOutcome)
    const failures = outcomes.filter(({ isGood }) => !isGood).map(({ name }) => name)
    return { ...nothing, passed: outcomes.length - failures.length, failures }
  },
  // Rules, slices, components, and every adapter against the real servers.
  units: () => vitest('units', ['node', 'web', 'films']),
  conformance: () => vitest('conformance', ['conformance']),
  scenarios: () => vitest('scenarios', ['scenarios', 'timed']),
  faults: () => vitest('faults', ['faults']),
}

const asked = process.argv.slice(2)
const unknown = asked.find((name) => !(name in stages))
if (unknown) throw new Error(`There is no ${unknown}: known are ${Object.keys(stages).join(', ')}.`)

await rm('test/results', { recursive: true, force: true })
const missing = await prepareMachine()
const results: Result[] = [{ ...nothing, notRun: missing }]
await groundInMemory()
for (const [name, run] of Object.entries(stages)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  const begun = performance.now()
  console.log(`\n── ${name}`)
  const result = await run().catch((error: Error): Result => ({ ...nothing, failures: [`${name}: ${error.stack}`] }))
  results.push(result)
  console.log(`── ${name}: ${sentence(result)} (${Math.round((performance.now() - begun) / 1000)} s)`)
}

const all = sum(results, process.env['CI'] === 'true')
for (const reason of all.notRun) console.log(`not run: ${reason}`)
for (const line of all.wavering) console.log(`passed only when tried once more: ${line}`)
for (const failure of all.failures) console.log(`failed: ${failure}`)
console.log(sentence(all))
process.exitCode = all.failures.length > 0 || all.passed === 0 ? 1 : 0
