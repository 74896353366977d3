import assert from 'node:assert/strict'
import { test } from 'vitest'
import { contrastOf, contrastOnPages, leastContrast } from './contrast.ts'
import { firstFree, plain, userNameOf } from './user-names.ts'

const john = { given: 'John', initials: 'Q', surname: 'Smith' }

test('a user name follows the domain’s pattern', () => {
  assert.equal(userNameOf('{given}{surname}', john), 'JohnSmith')
  assert.equal(userNameOf('{given}.{initials}.{surname}', john), 'John.Q.Smith')
  assert.equal(userNameOf('{g}{surname}', john), 'JSmith')
  // A part that is empty leaves no sign behind.
  assert.equal(userNameOf('{given}.{initials}.{surname}', { ...john, initials: '' }), 'John.Smith')
  assert.equal(userNameOf('{given}.{surname}', { ...john, surname: '' }), 'John')
  assert.equal(userNameOf('{given}{surname}', { given: '', initials: '', surname: '' }), null)
})

test('letters with marks become the letter; where there is no mapping, the person says the name', () => {
  for (const [name, letters] of [
    ['Müller', 'Muller'],
    ['Àgnès', 'Agnes'],
    ['Ørsted', 'Orsted'],
    ['Łukasz', 'Lukasz'],
    ['Jean-Luc', 'JeanLuc'],
    ['O’Neill', 'ONeill'],
    ['Nguyễn', 'Nguyen'],
  ])
    assert.equal(plain(name!), letters, name)
  for (const name of ['Weiß', 'François', 'Şahin', 'Wałęsa', 'Ελένη', '佐藤', 'Анна', '👍']) assert.equal(plain(name), undefined, name)
  assert.equal(userNameOf('{given}{surname}', { given: 'Franz', initials: '', surname: 'Weiß' }), null)
})

test('a name that is taken gets the first number that is free', () => {
  assert.equal(firstFree('JohnSmith', new Set()), 'JohnSmith')
  assert.equal(firstFree('JohnSmith', new Set(['johnsmith', 'johnsmith2'])), 'JohnSmith3')
})

test('contrast is that of WCAG, on the page where it is worse', () => {
  assert.equal(contrastOf('#000000', '#ffffff'), 21)
  assert.ok(Math.abs(contrastOf('#777777', '#ffffff') - 4.48) < 0.01)
  assert.ok(contrastOnPages('#ffff00') < leastContrast)
  assert.ok(contrastOnPages('#001a33') < leastContrast)
  assert.ok(contrastOnPages('#3b82c4') >= leastContrast)
})
