import { expect, test } from 'vitest'
import { addressesIn } from './addresses.ts'

test('addresses are found in what one pastes, however it is written, each once', () => {
  const pasted = 'Ada Lindqvist <Ada@Saltmarsh.example>; rose@saltmarsh.example,\nbob@far.example\t"Bob" <bob@far.example>.'
  expect(addressesIn(pasted)).toEqual(['ada@saltmarsh.example', 'rose@saltmarsh.example', 'bob@far.example'])
  expect(addressesIn('write to kwame@saltmarsh.example. Thanks')).toEqual(['kwame@saltmarsh.example'])
  expect(addressesIn('nobody at all')).toEqual([])
})
