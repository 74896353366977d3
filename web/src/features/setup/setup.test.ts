import { expect, test } from 'vitest'
import { addressAt, isAddress, isDomain } from './checks.ts'
import { strengthOf } from './strength.ts'

test.each([
  ['short', { kind: 'short', missing: 5 }],
  ['password123', { kind: 'weak' }],
  ['aaaaaaaaaaaaaaaa', { kind: 'weak' }],
  ['qwertyuiop12345', { kind: 'weak' }],
  ['correct horse battery', { kind: 'fair' }],
  ['correct horse battery staple', { kind: 'good' }],
  ['Tr0ub4dor&3x9!qW', { kind: 'good' }],
])('%s is honestly judged', (password, strength) => {
  expect(strengthOf(password)).toEqual(strength)
})

test('words that stand on the page itself are worth nothing', () => {
  const password = 'fjordhaus mara lindqvist'
  expect(strengthOf(password).kind).toBe('good')
  expect(strengthOf(password, ['Fjordhaus', 'Mara Lindqvist']).kind).toBe('weak')
})

test('emoji count as what one sees', () => {
  expect(strengthOf('🦊🦊🦊')).toEqual({ kind: 'short', missing: 7 })
})

test.each(['example.org', 'mail.example.co.uk', 'xn--mnchen-3ya.de', 'münchen.de'])('%s is a domain', (text) =>
  expect(isDomain(text)).toBe(true),
)
test.each(['example', '-a.org', 'a..org', 'https://example.org', 'a@b.org', ''])('%j is no domain', (text) =>
  expect(isDomain(text)).toBe(false),
)

test('nobody writes the part of an address that is known', () => {
  expect(addressAt('Example.org', ' Mara ')).toBe('mara@example.org')
  expect(addressAt('example.org', 'mara@elsewhere.org')).toBe('mara@elsewhere.org')
  expect(addressAt('example.org', '')).toBe('')
  expect(isAddress('mara@example.org')).toBe(true)
  expect(isAddress('mara@example')).toBe(false)
})
