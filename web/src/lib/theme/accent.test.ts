import assert from 'node:assert/strict'
import { test } from 'vitest'
import { accentOf, contrastOf, leastContrast, nearestSeen, styleOf } from './accent.ts'

test('of a colour hue and strength are taken, within what the tokens can bear', () => {
  const blue = accentOf('#3b82c4')
  assert.ok(Math.abs(blue.hue - 250) < 4, `${blue.hue}`)
  assert.ok(blue.chroma > 0.1 && blue.chroma <= 0.14)
  assert.equal(accentOf('#808080').chroma, 0.03)
  assert.equal(accentOf('#ff0000').chroma, 0.14)
  assert.equal(styleOf({ hue: 10, chroma: 0.1 }), '--accent-h:10;--accent-c:0.1')
})

test('a colour that is not seen well is moved no further than it must be, and keeps its hue', () => {
  assert.equal(nearestSeen('#3b82c4'), '#3b82c4')
  for (const colour of ['#ffff66', '#001a33', '#ffffff', '#000000', '#ff9900', '#e0e0ff']) {
    const seen = nearestSeen(colour)
    assert.ok(contrastOf(seen) >= leastContrast, `${colour} → ${seen}: ${contrastOf(seen)}`)
  }
  assert.ok(Math.abs(accentOf(nearestSeen('#ff9900')).hue - accentOf('#ff9900').hue) < 12)
})
