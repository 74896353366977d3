import { expect, test } from 'vitest'
import { addressAt, isAddress, isDomain } from './checks.ts'

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
