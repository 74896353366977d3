import assert from 'node:assert/strict'
import { test } from 'vitest'
import { bracketed, escaped } from './filters.ts'

test('nothing in a value is a part of a filter (RFC 4515)', () => {
  assert.equal(escaped('a*)(uid=b\\c\0é'), 'a\\2a\\29\\28uid=b\\5cc\\00é')
  assert.equal(bracketed('cn=\\C3\\a9\\2a'), '(cn=é\\2a)')
})
