import assert from 'node:assert/strict'
import { test } from 'vitest'
import { fontFor, shortened } from './fonts.ts'
import { fitted, height, layout, width, type Rect } from './layout.ts'
import { fileNameOf } from './naming.ts'

const seats = (count: number) => Array.from({ length: count }, (_, n) => ({ id: `${n}`, hasPicture: n % 2 === 0, spokeAt: 0 }))
const apart = (a: Rect, b: Rect) => a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y

test('however many there are, places lie within the picture, apart, and on even pixels', () => {
  for (const stage of [null, '0'])
    for (let count = 0; count <= 40; count++) {
      const places = [...layout(seats(count), stage).values()]
      assert.equal(places.length, Math.min(count, stage === null || count === 0 ? 12 : 5))
      for (const [n, place] of places.entries()) {
        assert.ok(place.x >= 0 && place.y >= 0 && place.x + place.w <= width && place.y + place.h <= height)
        assert.ok([place.x, place.y, place.w, place.h].every((side) => side % 2 === 0) && place.w > 100 && place.h > 50)
        for (const other of places.slice(n + 1)) assert.ok(apart(place, other))
      }
    }
})

test('where not all find room, those who spoke do, then those with a picture, in the order in which they came', () => {
  const many = seats(30)
  many[21]!.spokeAt = 5
  const shown = [...layout(many, null).keys()]
  assert.deepEqual(shown, ['0', '2', '4', '6', '8', '10', '12', '14', '16', '18', '20', '21'])
  assert.deepEqual([...layout(many, '3').keys()], ['3', '0', '2', '4', '21'])
})

test('a picture keeps its form', () => {
  assert.deepEqual(fitted({ x: 0, y: 0, w: 640, h: 360 }, 360, 640), { x: 218, y: 0, w: 202, h: 360 })
})

test('a name is drawn in a font that has its letters; what no font has is left out', () => {
  const files = ['/fonts/NotoSansCJK-Bold.ttc', '/fonts/NotoSansCJK-Regular.ttc', '/fonts/NotoSansThai-Regular.ttf']
  assert.deepEqual(fontFor('Ada Lindqvist 🎉', 'usual', files), { font: 'usual', text: 'Ada Lindqvist' })
  assert.deepEqual(fontFor('李小龙 (Bruce)', 'usual', files), { font: '/fonts/NotoSansCJK-Regular.ttc', text: '李小龙 (Bruce)' })
  assert.deepEqual(fontFor('李小龙 (Bruce)', 'usual', []), { font: 'usual', text: '(Bruce)' })
  assert.deepEqual(fontFor('สมชาย', 'usual', files), { font: '/fonts/NotoSansThai-Regular.ttf', text: 'สมชาย' })
  assert.equal(shortened('Ada', 3), 'Ada')
  assert.equal(shortened('Ada Lindqvist', 5), 'Ada…')
})

test('a file is called after its room and the time, whatever the room is called', () => {
  assert.equal(fileNameOf('Garden 2026-11-21 14.05', 1), 'Garden 2026-11-21 14.05.mp4')
  assert.equal(fileNameOf('Garden 2026-11-21 14.05', 3), 'Garden 2026-11-21 14.05 (3).mp4')
  assert.equal(fileNameOf('../a\u202e\\b:\n c', 1), '.. a b c.mp4')
  assert.equal(fileNameOf(' /// ', 1), 'Meeting.mp4')
  assert.ok(fileNameOf('𝒢'.repeat(500), 12).length <= 200)
})
