import { writeFile } from 'node:fs/promises'
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from 'vitest/node'
import type { Failure, FileReport, Report } from './results.ts'

/** Writes what `results.ts` reads, to the file that ATRIUM_TEST_REPORT names: also why a `beforeAll` failed, which Vitest's own JSON leaves out. */
export default class ResultsReporter implements Reporter {
  async onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): Promise<void> {
    const report: Report = { files: modules.map(fileReport), unhandled: unhandled.map(failure) }
    await writeFile(process.env['ATRIUM_TEST_REPORT']!, JSON.stringify(report, undefined, 1))
  }
}

function fileReport(module: TestModule): FileReport {
  const suites = [...module.children.allSuites()]
  return {
    name: module.relativeModuleId,
    project: module.project.name,
    seconds: module.diagnostic().duration / 1_000,
    failures: [...module.errors(), ...suites.flatMap((suite) => suite.errors())].map(failure),
    tests: [...module.children.allTests()].map((test) => ({
      name: test.fullName.replaceAll(' > ', ' '),
      ...sceneOf(test),
      state: test.result().state,
      seconds: (test.diagnostic()?.duration ?? 0) / 1_000,
      failures: (test.result().errors ?? []).map(failure),
    })),
  }
}

function sceneOf(test: TestCase): { scene?: string } {
  let outermost: TestCase | TestSuite = test
  while (outermost.parent.type === 'suite') outermost = outermost.parent
  return outermost.type === 'suite' ? { scene: outermost.name } : {}
}

const failure = ({ name, message }: SerializedError): Failure => ({ name: name ?? 'Error', message })
