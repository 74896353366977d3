import { expect, test } from 'vitest'
import { match } from './matching.ts'

test('the beginning comes first, then a word, then a part, then letters in order', () => {
  expect(match('am', 'Amara Okoye')).toBe(0)
  expect(match('oko', 'Amara Okoye')).toBe(1)
  expect(match('mar', 'Amara Okoye')).toBe(2)
  expect(match('wtr', 'water-and-air')).toBe(3)
})

test('accents and order of words do not matter', () => {
  expect(match('tomas', 'Tomás Rivera')).toBe(0)
  expect(match('rivera tomás', 'Tomás Rivera')).toBe(1)
})

test('what does not fit is not offered', () => {
  expect(match('xyz', 'Amara Okoye')).toBeUndefined()
  expect(match('ae', 'Anna from the very end')).toBeUndefined()
})
