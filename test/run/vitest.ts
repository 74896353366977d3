import { spawn } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { minioProgram } from '@atrium/infra/servers'
import { resultOf, type Report, type Result } from './results.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Runs projects of vitest.config.ts; people see its lines, we read its report. */
export async function vitest(stage: string, projects: string[]): Promise<Result> {
  const file = join(root, 'test/results', `${stage}.json`)
  await mkdir(dirname(file), { recursive: true })
  const args = [
    'run',
    ...projects.flatMap((name) => ['--project', name]),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ]
  const store = minioProgram()
  const path = [dirname(process.execPath), ...(store ? [dirname(store)] : []), process.env['PATH'], '/usr/sbin'].join(delimiter)
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...args], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, PATH: path },
    })
    child.once('error', reject).once('close', resolve)
  })
  const report = await readFile(file, 'utf8')
    .then((text) => JSON.parse(text) as Report)
    .catch(() => undefined)
  return resultOf(stage, shortened(report), code)
}

function shortened(report: Report | undefined): Report | undefined {
  return report && { testResults: report.testResults.map((result) => ({ ...result, name: result.name.replace(root, '') })) }
}
