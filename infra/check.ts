// `npm run check`: everything that can be said of the sources without running them. Two at a time; all are run, so that one
// look shows all there is to mend.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const module = (path: string) => join(root, 'node_modules', path)

const kept = (name: string) => module(`.cache/check/${name}`)
/** What was found of files that are the same now, by their content: neither linting nor formatting looks from one file into another. */
const keeping = (name: string) => ['--cache', '--cache-strategy=content', `--cache-location=${kept(name)}`]

interface Step {
  name: string
  /** Programs for Node, one after the other. */
  commands: string[][]
  folder?: string
}

const steps: Step[] = [
  {
    name: 'types of the web client',
    folder: 'web',
    commands: [
      ['scripts/messages.ts'],
      [module('@sveltejs/kit/svelte-kit.js'), 'sync'],
      [module('svelte-check/bin/svelte-check'), '--tsgo', '--fail-on-warnings'],
    ],
  },
  {
    name: 'types',
    commands: [[module('@typescript/native/bin/tsc'), '-p', '.', '--incremental', '--tsBuildInfoFile', kept('types.json')]],
  },
  { name: 'lint', commands: [[module('eslint/bin/eslint.js'), '.', '--max-warnings=0', ...keeping('lint')]] },
  { name: 'formatting', commands: [[module('prettier/bin/prettier.cjs'), '--check', '--log-level=warn', '.', ...keeping('formatting')]] },
  { name: 'imports', commands: [['infra/check-imports.ts']] },
  { name: 'licences', commands: [['infra/check-licences.ts']] },
  { name: 'settings in the README', commands: [['infra/readme.ts', '--check']] },
]

export interface Outcome {
  name: string
  isGood: boolean
  output: string
  ms: number
}

export async function check(tell: (outcome: Outcome) => void): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const waiting = [...steps]
  const lane = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      const outcome = await take(step)
      outcomes.push(outcome)
      tell(outcome)
    }
  }
  await Promise.all(Array.from({ length: Math.max(2, Math.min(4, availableParallelism())) }, lane))
  return outcomes
}

async function take({ name, commands, folder = '.' }: Step): Promise<Outcome> {
  const begun = performance.now()
  let output = ''
  let code: number | null = 0
  for (const command of commands) {
    code = await new Promise((resolve, reject) => {
      const child = spawn(process.execPath, command, {
        cwd: join(root, folder),
        env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` },
      })
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text))
      child.once('error', reject).once('close', resolve)
    })
    if (code !== 0) break
  }
  return { name, isGood: code === 0, output, ms: performance.now() - begun }
}

export function tellOutcome({ name, isGood, output, ms }: Outcome): void {
  console.log(`${isGood ? 'ok    ' : 'FAILED'} ${name} (${(ms / 1000).toFixed(1)} s)`)
  if (!isGood) console.log(output.replace(/^/gm, '       '))
}

if (import.meta.main) {
  const outcomes = await check(tellOutcome)
  process.exitCode = outcomes.every(({ isGood }) => isGood) ? 0 : 1
}
