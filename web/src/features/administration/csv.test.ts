import assert from 'node:assert/strict'
import { test } from 'vitest'
import { csvOf, rowsOf } from './csv.ts'

test('a file of a spreadsheet is read, whatever it separates and quotes with', () => {
  const rows = [
    { userName: 'ada', given: 'Ada, "Countess"' },
    { userName: 'bob', given: 'two\nlines' },
  ]
  assert.deepEqual(rowsOf('\uFEFFuserName,given\r\nada,"Ada, ""Countess"""\r\nbob,"two\nlines"\r\n\r\n'), rows)
  assert.deepEqual(rowsOf('userName;given\nada;"Ada, ""Countess"""\nbob;"two\nlines"'), rows)
  assert.deepEqual(rowsOf(''), [])
})

test('what a spreadsheet would run is text in an export', () => {
  const row = {
    name: '=HYPERLINK("x")',
    address: 'a@b.c',
    aliases: ['x@y.z'],
    type: 'normal',
    effectiveStatus: 'active',
    createdAt: '1',
    seenAt: null,
  }
  assert.equal(csvOf([row as never]).split('\r\n')[1], `"'=HYPERLINK(""x"")",a@b.c,x@y.z,normal,active,1,`)
})
