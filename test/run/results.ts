export interface Result {
  passed: number
  /** A line for each thing that went wrong. */
  failures: string[]
  /** A line for each thing that could not be tried here, and what it needs. */
  notRun: string[]
}

/** What did not run is no success; where everything has to run, it is a failure. */
export function sum(results: Result[], mustRun: boolean): Result {
  const passed = results.reduce((total, result) => total + result.passed, 0)
  const notRun = [...new Set(results.flatMap((result) => result.notRun))]
  const failures = results.flatMap((result) => result.failures)
  return { passed, notRun, failures: mustRun ? [...new Set([...failures, ...notRun.map((reason) => `not run: ${reason}`)])] : failures }
}

export const sentence = ({ passed, failures }: Result) => `${passed} passed, ${failures.length} failed`

/** What Vitest's own report says, as far as it is used here. */
export interface Report {
  testResults: {
    name: string
    status: string
    message?: string
    assertionResults: { status: string; fullName: string; failureMessages?: string[] | null }[]
  }[]
}

const longestReason = 300

/** What a message says before its stack begins. */
function reasonOf(message = ''): string[] {
  const said = message
    .split(/\n\s+at /, 1)[0]!
    .replace(/\s+/g, ' ')
    .trim()
  return said ? [said.slice(0, longestReason)] : []
}

/**
 * Reads a report. A file that died before or after its tests, a report that is missing and a runner that failed without a
 * failed test are failures too: nothing that ends may end in silence.
 */
export function resultOf(stage: string, report: Report | undefined, exitCode: number | null): Result {
  if (!report) return { passed: 0, failures: [`${stage}: the runner ended (${exitCode}) without a report`], notRun: [] }
  const result: Result = { passed: 0, failures: [], notRun: [] }
  for (const { name, status, message, assertionResults } of report.testResults) {
    const failedBefore = result.failures.length
    for (const { status: verdict, fullName, failureMessages } of assertionResults) {
      if (verdict === 'passed') result.passed++
      else if (verdict === 'failed') result.failures.push([`${name}: ${fullName}`, ...reasonOf(failureMessages?.[0])].join(' · '))
      else
        result.notRun.push(
          fullName.includes('not run: ') ? fullName.replace(/^(.*?):? ?not run: (.*)$/, '$1: $2') : `${name}: ${fullName} (skipped)`,
        )
    }
    if (status === 'failed' && result.failures.length === failedBefore) result.failures.push(`${name}: ${message || 'the file failed'}`)
  }
  if (report.testResults.length === 0) result.failures.push(`${stage}: there was nothing to run`)
  if (exitCode !== 0 && result.failures.length === 0)
    result.failures.push(`${stage}: the runner ended with ${exitCode} though no test failed`)
  return result
}
