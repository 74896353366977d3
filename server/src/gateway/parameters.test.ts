import assert from 'node:assert/strict'
import { test } from 'vitest'
import { contract } from '@atrium/protocol'
import { inputFromAddress } from './parameters.ts'

test('plain parameters are read as what the contract says they are', () => {
  assert.deepEqual(inputFromAddress(contract['directory.people'].input, { limit: '5', search: '12' }), { limit: 5, search: '12' })
  assert.deepEqual(inputFromAddress(contract['chat.seen'].input, { roomIds: 'a' }), { roomIds: ['a'] })
  assert.deepEqual(inputFromAddress(contract['chat.seen'].input, { roomIds: ['a', 'b'] }), { roomIds: ['a', 'b'] })
})

test('what does not fit is left for the contract to refuse', () => {
  const { input } = contract['directory.people']
  for (const parameters of [{ limit: 'many' }, { limit: '' }, { unheardOf: 'x' }])
    assert.equal(input.safeParse(inputFromAddress(input, parameters)).success, false, JSON.stringify(parameters))
})

test('a whole input may be given as JSON; broken JSON is invalid', () => {
  assert.deepEqual(inputFromAddress(contract['directory.people'].input, { input: '{"limit":5}' }), { limit: 5 })
  assert.throws(() => inputFromAddress(contract['directory.people'].input, { input: '{' }), /invalid/)
})
