import { writeFile } from 'node:fs/promises'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'
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
      scene: test.parent.type === 'suite' ? test.fullName.split(' > ', 1)[0] : undefined,
      state: test.result().state,
      seconds: (test.diagnostic()?.duration ?? 0) / 1_000,
      failures: (test.result().errors ?? []).map(failure),
    })),
  }
}

const failure = ({ name, message }: SerializedError): Failure => ({ name: name ?? 'Error', message })
