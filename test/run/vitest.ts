import { spawn } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { minioProgram } from '@atrium/infra/servers'
import { resultOf, scenesToTryAgain, together, toTryAgain, type Report, type Result } from './results.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Runs projects of vitest.config.ts, and once more what only came too late; people see its lines, we read its report. */
export async function vitest(stage: string, projects: string[]): Promise<Result> {
  const first = await run(stage, projects)
  // Of tests that fail the runner ends with one. Whatever else it ends with says of itself that it broke, and no test takes that back.
  const again = first.report && first.code === 1 ? toTryAgain(first.report) : []
  if (!first.report || again.length === 0) return resultOf(stage, first.report, first.code)
  const names = again.map(({ name }) => name)
  const scenes = scenesToTryAgain(again)
  console.log(`\n── ${stage}, once more: ${[...names, ...(scenes ?? [])].join(', ')}`)
  const second = await run(`${stage}-again`, projects, [...names, ...(scenes ? ['--testNamePattern', beginningWith(scenes)] : [])])
  if (!second.report) return resultOf(stage, undefined, second.code)
  const { report, wavering } = together(first.report, second.report)
  return { ...resultOf(stage, report, second.code), wavering }
}

const beginningWith = (titles: string[]): string =>
  `^(${titles.map((title) => title.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')}) `

async function run(
  name: string,
  projects: string[],
  narrowed: string[] = [],
): Promise<{ report: Report | undefined; code: number | null }> {
  const file = join(root, 'test/results', `${name}.json`)
  await mkdir(dirname(file), { recursive: true })
  const args = [
    ...['run', ...narrowed, ...projects.flatMap((project) => ['--project', project])],
    ...['--reporter=default', `--reporter=${join(root, 'test/run/reporter.ts')}`],
  ]
  const store = minioProgram()
  const path = [dirname(process.execPath), ...(store ? [dirname(store)] : []), process.env['PATH'], '/usr/sbin'].join(delimiter)
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...args], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      // Every process loads the server anew: what Node compiled for one is there for the next.
      env: { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compiled'), ...process.env, PATH: path, ATRIUM_TEST_REPORT: file },
    })
    child.once('error', reject).once('close', resolve)
  })
  const report = await readFile(file, 'utf8')
    .then((text) => JSON.parse(text) as Report)
    .catch(() => undefined)
  return { report, code }
}
