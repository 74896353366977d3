import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'vitest'
import { base32, fromBase32, hotp, stepOf, uriOf } from './totp.ts'
import { stepAt } from './rules.ts'

const secret = Buffer.from('12345678901234567890')

test('codes are those of RFC 4226, appendix D', () => {
  const expected = ['755224', '287082', '359152', '969429', '338314', '254676', '287922', '162583', '399871', '520489']
  assert.deepEqual(
    expected.map((_, counter) => hotp(secret, counter)),
    expected,
  )
})

test('codes are those of RFC 6238, appendix B', () => {
  for (const [seconds, code] of [
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ] as const)
    assert.equal(hotp(secret, stepAt(new Date(seconds * 1_000)), 8), code)
})

test('[FACT-1] a code is good in its half minute and in the two beside it', () => {
  const at = new Date(1_111_111_111_000)
  const step = stepAt(at)
  for (const away of [-1, 0, 1]) assert.equal(stepOf(secret, hotp(secret, step + away), at), step + away)
  for (const away of [-2, 2, 120]) assert.equal(stepOf(secret, hotp(secret, step + away), at), undefined)
  assert.equal(stepOf(secret, '12345', at), undefined)
})

test('secrets are written as authenticators read them', () => {
  for (const [text, written] of [
    ['', ''],
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ] as const)
    assert.equal(base32(Buffer.from(text)), written)
  for (let length = 0; length < 40; length++) {
    const bytes = randomBytes(length)
    assert.deepEqual(fromBase32(base32(bytes)), bytes)
  }
  assert.equal(
    uriOf(secret, { issuer: 'Saltmarsh: Boatworks', address: 'ada@saltmarsh.example' }),
    'otpauth://totp/Saltmarsh%20%20Boatworks:ada%40saltmarsh.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Saltmarsh%3A%20Boatworks&algorithm=SHA1&digits=6&period=30',
  )
})
