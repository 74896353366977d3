import assert from 'node:assert/strict'
import { test } from 'vitest'
import { resultOf, sentence, sum, type Report } from './results.ts'

const file = (status: string, ...verdicts: string[]): Report['testResults'][number] => ({
  name: 'a.test.ts',
  status,
  assertionResults: verdicts.map((verdict) => ({
    status: verdict,
    fullName: verdict === 'skipped' ? 'S3: not run: needs MinIO' : verdict,
  })),
})

test('passed and failed are counted, what did not run is named', () => {
  const result = resultOf('units', { testResults: [file('failed', 'passed', 'failed', 'skipped')] }, 1)
  assert.deepEqual(result, { passed: 1, failures: ['a.test.ts: failed'], notRun: ['S3: needs MinIO'] })
  assert.equal(sentence(result), '1 passed, 1 failed')
})

test('a failure says why, in one line without its stack', () => {
  const failed = { status: 'failed', fullName: 'adds', failureMessages: ['AssertionError: 1 !==\n2\n    at file.ts:1\n    at file.ts:2'] }
  const result = resultOf('units', { testResults: [{ name: 'a.test.ts', status: 'failed', assertionResults: [failed] }] }, 1)
  assert.deepEqual(result.failures, ['a.test.ts: adds · AssertionError: 1 !== 2'])
})

test('a file that died, a runner that died, a report that is missing or empty: each is a failure', () => {
  assert.equal(resultOf('units', { testResults: [file('failed')] }, 1).failures.length, 1)
  assert.equal(resultOf('units', { testResults: [file('passed', 'passed')] }, 1).failures.length, 1)
  assert.equal(resultOf('units', undefined, 137).failures.length, 1)
  assert.equal(resultOf('units', { testResults: [] }, 0).failures.length, 1)
})

test('what did not run is a failure where everything has to', () => {
  const results = [{ passed: 2, failures: [], notRun: ['needs nginx', 'needs nginx'] }]
  assert.equal(sentence(sum(results, false)), '2 passed, 0 failed')
  assert.equal(sentence(sum(results, true)), '2 passed, 1 failed')
})
