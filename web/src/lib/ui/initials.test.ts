import { expect, test } from 'vitest'
import { hueOf, initialsOf } from './initials.ts'

test.each([
  ['Mara Lindqvist', 'ML'],
  ['Piet de Wilde', 'PW'],
  ['ærlig', 'Æ'],
  ['李 小龍', '李'],
  ['👩🏽‍🚀 Ada', '👩🏽‍🚀A'],
  ['../../x', 'X'],
  ['', '·'],
  ['   ', '·'],
])('%s is shown as %s', (name, initials) => {
  expect(initialsOf(name)).toBe(initials)
})

test('a person keeps one colour, and people have different ones', () => {
  expect(hueOf('0199-a')).toBe(hueOf('0199-a'))
  expect(new Set(Array.from({ length: 40 }, (_, index) => hueOf(`0199-${index}`))).size).toBe(5)
})
