export interface Result {
  passed: number
  /** A line for each thing that went wrong. */
  failures: string[]
  /** A line for each thing that could not be tried here, and what it needs. */
  notRun: string[]
  /** A line for each file that passed when it was tried once more, with what had failed: something to be looked into. */
  wavering: string[]
}

export const nothing: Result = { passed: 0, failures: [], notRun: [], wavering: [] }

/** What did not run is no success; where everything has to run, it is a failure. */
export function sum(results: Result[], mustRun: boolean): Result {
  const passed = results.reduce((total, result) => total + result.passed, 0)
  const notRun = [...new Set(results.flatMap((result) => result.notRun))]
  const failures = results.flatMap((result) => result.failures)
  return {
    passed,
    notRun,
    failures: mustRun ? [...new Set([...failures, ...notRun.map((reason) => `not run: ${reason}`)])] : failures,
    wavering: results.flatMap((result) => result.wavering),
  }
}

export const sentence = ({ passed, failures }: Result) => `${passed} passed, ${failures.length} failed`

/** What a run of Vitest told `reporter.ts`. */
export interface Report {
  files: FileReport[]
  /** What nobody waited for, and failed. */
  unhandled: Failure[]
}

export interface FileReport {
  name: string
  project: string
  seconds: number
  /** Of what stands outside of its tests: loading, `beforeAll`, `afterAll`. */
  failures: Failure[]
  tests: TestReport[]
}

export interface TestReport {
  /** With the names of what it stands in before its own. */
  name: string
  /** The outermost thing it stands in; its tests may build on one another. */
  scene?: string | undefined
  state: 'passed' | 'failed' | 'skipped' | 'pending'
  seconds: number
  failures: Failure[]
}

export interface Failure {
  name: string
  message: string
}

const longestReason = 300

/** What went wrong, in one line: without its stack, and without the pages that `told` in browsers.ts adds after `---`. */
function reasonOf({ name, message }: Failure): string {
  const said = message
    .split(/\n(?:\s+at |--- )/, 1)[0]!
    .replace(/\s+/g, ' ')
    .trim()
  return `${name}: ${said}`.slice(0, longestReason)
}

/**
 * Reads a report. A file that died before or after its tests, a report that is missing and a runner that failed without a
 * failed test are failures too: nothing that ends may end in silence.
 */
export function resultOf(stage: string, report: Report | undefined, exitCode: number | null): Result {
  if (!report) return { ...nothing, failures: [`${stage}: the runner ended (${exitCode}) without a report`] }
  const result = { passed: 0, failures: report.unhandled.map((one) => `${stage}: ${reasonOf(one)}`), notRun: [] as string[], wavering: [] }
  for (const file of report.files) {
    const failedOutside = file.failures.map((one) => `${file.name}: ${reasonOf(one)}`)
    result.failures.push(...failedOutside)
    for (const { name, state, failures } of file.tests) {
      if (state === 'passed') result.passed++
      else if (state === 'failed') result.failures.push([`${file.name}: ${name}`, ...failures.slice(0, 1).map(reasonOf)].join(' · '))
      else if (name.includes('not run: ')) result.notRun.push(name.replace(/^(.*?):? ?not run: (.*)$/, '$1: $2'))
      // What could not run because its file failed is told by that.
      else if (failedOutside.length === 0) result.notRun.push(`${file.name}: ${name} (skipped)`)
    }
    if (file.tests.length === 0 && failedOutside.length === 0) result.failures.push(`${file.name}: there was no test in it`)
  }
  if (report.files.length === 0) result.failures.push(`${stage}: there was nothing to run`)
  if (exitCode !== 0 && result.failures.length === 0)
    result.failures.push(`${stage}: the runner ended with ${exitCode} though no test failed`)
  return result
}

/** Judged in seconds, by what a real browser shows or a film holds, on a machine that others use too. */
const judgedInSeconds = ['scenarios', 'timed', 'films']
/** A machine that is late for one story is late for some; more than these is no wavering. */
const mostTriedAgain = 6

/**
 * Files that deserve a second try: what was waited for did not come. What was asserted and found false is no matter of
 * patience and stays a failure, save where seconds themselves are asserted.
 */
export function toTryAgain({ files }: Report): FileReport[] {
  const failed = files.filter((file) => failuresOf(file).length > 0)
  if (failed.length > mostTriedAgain) return []
  return failed.filter((file) => judgedInSeconds.includes(file.project) || failuresOf(file).every(cameLate))
}

/** Which scenes of these files have to run again; undefined: all there are. */
export function scenesToTryAgain(files: FileReport[]): string[] | undefined {
  const scenes = files.flatMap((file) => (file.failures.length > 0 ? [undefined] : failedOf(file).map(({ scene }) => scene)))
  return scenes.every((scene) => scene !== undefined) ? [...new Set(scenes)] : undefined
}

/** As Vitest, Playwright, `until` and whoever starts a program for us say it. */
const cameLate = ({ name, message }: Failure): boolean =>
  name !== 'AssertionError' && /timed? ?out|Timeout|in vain|did not serve within|EADDRINUSE/.test(`${name} ${message}`)

/** The report of both tries, and what the first one said of the files that then passed. */
export function together(first: Report, second: Report): { report: Report; wavering: string[] } {
  const keyOf = ({ project, name }: FileReport) => `${project} ${name}`
  const again = new Map(second.files.map((file) => [keyOf(file), file]))
  const both = first.files.map((file) => [file, afterwards(file, again.get(keyOf(file)))] as const)
  return {
    report: { files: both.map(([, then]) => then), unhandled: [...first.unhandled, ...second.unhandled] },
    wavering: both
      .filter(([file, then]) => failuresOf(file).length > 0 && failuresOf(then).length === 0)
      .map(([file]) => `${file.name}: ${failuresOf(file).map(reasonOf).join(' · ')}`),
  }
}

/** What ran again stands for what ran before; what failed and did not run again has not passed. */
function afterwards(file: FileReport, again: FileReport | undefined): FileReport {
  if (!again) return file
  // Of two with one name the one that failed counts.
  const ranAgain = again.tests.filter(({ state }) => state === 'passed' || state === 'failed')
  const ran = new Map([...ranAgain, ...failedOf(again)].map((one) => [one.name, one]))
  const known = new Set(file.tests.map(({ name }) => name))
  return {
    ...again,
    tests: [...file.tests.map((one) => ran.get(one.name) ?? one), ...again.tests.filter(({ name }) => !known.has(name))],
  }
}

const failedOf = ({ tests }: FileReport) => tests.filter(({ state }) => state === 'failed')
const failuresOf = (file: FileReport): Failure[] => [
  ...file.failures,
  ...failedOf(file).flatMap(({ name, failures }) => (failures.length > 0 ? failures : [{ name: 'Error', message: name }])),
]
