import assert from 'node:assert/strict'
import { test } from 'vitest'
import { nothing, resultOf, scenesToTryAgain, sentence, sum, together, toTryAgain, type Failure, type FileReport } from './results.ts'

type State = FileReport['tests'][number]['state']

const late: Failure = { name: 'Error', message: 'locator.click: Timeout 15000ms exceeded.\n    at story.ts:1' }
const wrong: Failure = { name: 'AssertionError', message: '1 !==\n2\n    at file.ts:1\n    at file.ts:2' }
const spec = (state: State, reason = late, name: string = state) => ({
  name,
  state,
  seconds: 1,
  failures: state === 'failed' ? [reason] : [],
})
const file = (tests: FileReport['tests'], change: Partial<FileReport> = {}): FileReport => ({
  name: 'a.test.ts',
  project: 'node',
  seconds: 1,
  failures: [],
  tests,
  ...change,
})
const report = (...files: FileReport[]) => ({ files, unhandled: [] })

test('passed and failed are counted, what did not run is named, a failure says why in one line', () => {
  const result = resultOf(
    'units',
    report(file([spec('passed'), spec('failed', wrong), spec('skipped', late, 'S3: not run: needs MinIO')])),
    1,
  )
  assert.deepEqual(result, {
    ...nothing,
    passed: 1,
    failures: ['a.test.ts: failed · AssertionError: 1 !== 2'],
    notRun: ['S3: needs MinIO'],
  })
  assert.equal(sentence(result), '1 passed, 1 failed')
})

test('why a story failed is one line without the pages it shows', () => {
  const reason = { name: 'Error', message: 'it is not there\n--- http://hub/r\n- main: nothing' }
  assert.deepEqual(resultOf('scenarios', report(file([spec('failed', reason)])), 1).failures, [
    'a.test.ts: failed · Error: it is not there',
  ])
})

test('a file that died, a runner that died, a report that is missing or empty: each is a failure', () => {
  const died = file([spec('skipped')], { failures: [{ name: 'Error', message: 'no port' }] })
  assert.deepEqual(resultOf('units', report(died), 1).failures, ['a.test.ts: Error: no port'])
  assert.equal(resultOf('units', report(file([])), 1).failures.length, 1)
  assert.equal(resultOf('units', report(file([spec('passed')])), 1).failures.length, 1)
  assert.equal(resultOf('units', undefined, 137).failures.length, 1)
  assert.equal(resultOf('units', report(), 0).failures.length, 1)
  assert.deepEqual(resultOf('units', { files: [file([spec('passed')])], unhandled: [wrong] }, 1).failures, [
    'units: AssertionError: 1 !== 2',
  ])
})

test('what did not run is a failure where everything has to', () => {
  const results = [{ ...nothing, passed: 2, notRun: ['needs nginx', 'needs nginx'] }]
  assert.equal(sentence(sum(results, false)), '2 passed, 0 failed')
  assert.equal(sentence(sum(results, true)), '2 passed, 1 failed')
})

test('what came too late is tried again, what was found false only where seconds are judged, and not when much failed', () => {
  const named = (name: string, reason: Failure, project = 'node') => file([spec('failed', reason)], { name, project })
  const names = (...files: FileReport[]) => toTryAgain(report(file([spec('passed')]), ...files)).map(({ name }) => name)
  assert.deepEqual(names(named('late', late), named('wrong', wrong), named('story', wrong, 'scenarios')), ['late', 'story'])
  assert.deepEqual(names(file([spec('skipped')], { name: 'begun badly', failures: [late] })), ['begun badly'])
  assert.deepEqual(names(named('broke', { name: 'TypeError', message: 'no such thing' })), [])
  assert.deepEqual(names(...['1', '2', '3', '4', '5', '6', '7'].map((name) => named(name, late))), [])
})

test('a second try stands for the first, which is told nevertheless', () => {
  const one = (state: State) => [spec(state, late, 'one')]
  const first = report(file(one('passed')), file(one('failed'), { name: 'b' }), file(one('failed'), { name: 'c' }))
  const second = report(file(one('passed'), { name: 'b' }), file(one('failed'), { name: 'c' }))
  const both = together(first, second)
  assert.deepEqual(both.wavering, ['b: Error: locator.click: Timeout 15000ms exceeded.'])
  assert.equal(sentence(resultOf('scenarios', both.report, 1)), '2 passed, 1 failed')
})

test('what failed and was not there, or not run, when it was tried again has not passed', () => {
  const first = report(file([spec('failed', late, 'one'), spec('failed', late, 'two'), spec('passed', late, 'three')]))
  const without = report(file([spec('skipped', late, 'two'), spec('passed', late, 'three')]))
  const both = together(first, without)
  assert.deepEqual(both.wavering, [])
  assert.equal(resultOf('scenarios', both.report, 0).failures.length, 2)
})

test('of a file only the scenes run again in which something failed, and what had passed elsewhere still counts', () => {
  const told = (scene: string, state: State, name = 'a story') => ({ ...spec(state, late, `${scene} ${name}`), scene })
  const first = file([told('one', 'passed'), told('one', 'failed', 'another'), told('two', 'passed')])
  assert.deepEqual(scenesToTryAgain([first]), ['one'])
  assert.deepEqual(scenesToTryAgain([first, file([told('three', 'failed')])]), ['one', 'three'])
  // What stands in no scene, or failed outside of tests, is not to be had alone.
  assert.equal(scenesToTryAgain([first, file([spec('failed')])]), undefined)
  assert.equal(scenesToTryAgain([{ ...first, failures: [late] }]), undefined)

  const second = file([told('one', 'failed'), told('one', 'passed', 'another'), told('two', 'skipped')])
  const { report: both } = together(report(first), report(second))
  const result = resultOf('scenarios', both, 1)
  assert.equal(result.passed, 2)
  assert.deepEqual(result.failures, ['a.test.ts: one a story · Error: locator.click: Timeout 15000ms exceeded.'])
})

test('a second try stands for the file of the same project, and a file that ran along is not said to have wavered', () => {
  const one = (state: State, reason = late) => [spec(state, reason, 'one')]
  const first = report(file(one('failed')), file(one('failed', wrong), { project: 'web' }), file(one('passed'), { name: 'b' }))
  const second = report(file(one('passed')), file(one('passed'), { name: 'b' }))
  const both = together(first, second)
  assert.deepEqual(both.wavering, ['a.test.ts: Error: locator.click: Timeout 15000ms exceeded.'])
  assert.deepEqual(resultOf('units', both.report, 0).failures, ['a.test.ts: one · AssertionError: 1 !== 2'])
})
