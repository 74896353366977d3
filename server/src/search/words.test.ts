import assert from 'node:assert/strict'
import { test } from 'vitest'
import { queryOf, vectorOf, wordsOf } from './words.ts'

test('words are equal with and without capitals, accents and wide letters', () => {
  assert.deepEqual(wordsOf('Crème BRÛLÉE, Straße – Øre, Łódź'), ['creme', 'brulee', 'strasse', 'ore', 'lodz'])
  assert.deepEqual(wordsOf('ＡＢＣ １２３ ﬁn'), ['abc', '123', 'fin'])
  assert.deepEqual(wordsOf("don't e-mail a_b@c.example v2.0"), ['don', 't', 'e', 'mail', 'a', 'b', 'c', 'example', 'v2', '0'])
})

test('scripts without spaces are taken in pairs, with each letter the beginning of one', () => {
  assert.deepEqual(wordsOf('東京都'), ['東京', '京都', '都'])
  assert.deepEqual(wordsOf('go東京へ!'), ['go', '東京', '京へ', 'へ'])
  assert.deepEqual(wordsOf('がぎ'), ['がぎ', 'ぎ'])
  assert.deepEqual(wordsOf('한국어 좋아요'), ['한국어', '좋아요'])
})

test('a query asks for all words by their beginnings, and for letters side by side', () => {
  assert.equal(queryOf('Good mor'), `'good':* & 'mor':*`)
  assert.equal(queryOf('東京都'), `('東京' <-> '京都')`)
  assert.equal(queryOf('都'), `'都':*`)
  assert.equal(queryOf('mor mor'), `'mor':*`)
  assert.equal(queryOf(' ?! …'), undefined)
})

test('whatever somebody writes, it is a vector that PostgreSQL can read', () => {
  assert.equal(vectorOf(`it's 'quoted' \\ :1 & | <->`, '#here'), `'#here' 'it':1 's':2 'quoted':3 '1':4`)
  assert.ok(vectorOf('x'.repeat(20_000), '#').length < 120)
  assert.ok(vectorOf('a '.repeat(20_000), '#').split(',').length <= 256)
})
