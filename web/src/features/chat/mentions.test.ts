import { expect, test } from 'vitest'
import type { AccountId } from '@atrium/protocol'
import { askedFor, mentionedIn, partsOf } from './mentions.ts'

const anna = { id: 'anna' as AccountId, name: 'Anna Berg' }
const an = { id: 'an' as AccountId, name: 'An' }

test('the longest name that fits is the one meant', () => {
  expect(partsOf('hi @Anna Berg, @Anna and @An!', [an, anna])).toEqual([
    { text: 'hi ', of: undefined },
    { text: '@Anna Berg', of: 'anna' },
    { text: ', ', of: undefined },
    { text: '@Anna', of: 'anna' },
    { text: ' and ', of: undefined },
    { text: '@An', of: 'an' },
    { text: '!', of: undefined },
  ])
})

test('names inside words, addresses and people who were not mentioned stay text', () => {
  expect(partsOf('@Annabel @Jonas mail a@Bergheim', [anna])).toEqual([{ text: '@Annabel @Jonas mail a@Bergheim', of: undefined }])
})

test('who was chosen and deleted again is not mentioned', () => {
  expect(mentionedIn('for @Anna Berg', [anna, an, anna])).toEqual(['anna'])
  expect(mentionedIn('for nobody', [anna])).toEqual([])
})

test('an @ that begins a word asks for people', () => {
  expect(askedFor('hello @an', 9)).toEqual({ from: 6, words: 'an' })
  expect(askedFor('@', 1)).toEqual({ from: 0, words: '' })
  expect(askedFor('@anna be', 8)).toEqual({ from: 0, words: 'anna be' })
  expect(askedFor('mail a@b', 8)).toBeUndefined()
  expect(askedFor('@anna berg is', 13)).toBeUndefined()
})
