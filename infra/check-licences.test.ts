import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { test } from 'vitest'
import { installedPackages, refused } from './check-licences.ts'

const one = (licence: unknown) => refused([{ name: 'thing@1.0.0', licence }])

test('free licences pass, alone and in choices', () => {
  for (const licence of [
    'MIT',
    '(MIT OR CC0-1.0)',
    'SSPL-1.0 OR Apache-2.0',
    'MIT AND ISC',
    { type: 'BSD-3-Clause' },
    [{ type: 'Foo' }, { type: 'MIT' }],
  ])
    assert.deepEqual(one(licence), [])
})

test('others are refused by name, and so is silence', () => {
  assert.deepEqual(one('BUSL-1.1'), ['thing@1.0.0 is under BUSL-1.1, which is not on the list.'])
  assert.equal(one('MIT AND SSPL-1.0').length, 1)
  assert.equal(one('GPL-2.0-only').length, 1)
  assert.equal(one('SEE LICENSE IN LICENSE.md').length, 1)
  assert.deepEqual(one(undefined), ['thing@1.0.0 names no licence.'])
})

test('what is installed is seen, and is free', () => {
  const packages = installedPackages(fileURLToPath(new URL('..', import.meta.url)))
  assert.ok(packages.some(({ name }) => name.startsWith('kysely@')))
  assert.deepEqual(refused(packages), [])
})
