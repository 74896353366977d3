// `npm run faults [minutes]`: the long form of the promises. New seeds each time, printed before they are used; a seed that
// fails is kept in the short form.
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'

// Some of it is seen in browsers.
spawnSync(process.execPath, ['infra/build.mjs'], { stdio: 'inherit' })
const minutes = Number(process.argv[2] ?? 30)
const until = Date.now() + minutes * 60_000
let rounds = 0
while (Date.now() < until && !process.exitCode) {
  const seeds = Array.from({ length: 5 }, () => randomInt(1, 2 ** 31))
  console.log(`Round ${++rounds}: seeds ${seeds.join(', ')}`)
  const { status } = spawnSync(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--project',
      'faults',
      '--project',
      'timed',
      '--project',
      'node',
      'test/faults',
      'platform/src/journal',
      'platform/src/work',
    ],
    {
      stdio: 'inherit',
      env: { ...process.env, ATRIUM_FAULT_SEEDS: seeds.join(), ATRIUM_FAULT_MS: '10000' },
    },
  )
  process.exitCode = status ?? 1
}
console.log(`${rounds} rounds${process.exitCode ? ', the last one failed' : ', nothing lost, doubled, reordered or divergent'}`)
