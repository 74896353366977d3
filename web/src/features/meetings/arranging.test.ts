import { expect, test } from 'vitest'
import { arrange, seated } from './arranging.ts'

const aspect = 16 / 9
const manner = { gap: 12, aspects: [aspect], leastWidth: 200 }

test.each(Array.from({ length: 60 }, (_, n) => n + 1))('%i tiles fit into every window, as large as can be', (count) => {
  for (const space of [
    { width: 1040, height: 760 },
    { width: 374, height: 640 },
    { width: 1900, height: 300 },
  ]) {
    const { columns, rows, tile, perPage } = arrange(count, space, manner)
    expect(columns * tile.width + (columns - 1) * manner.gap).toBeLessThanOrEqual(space.width)
    expect(rows * tile.height + (rows - 1) * manner.gap).toBeLessThanOrEqual(space.height)
    expect(columns * rows).toBeGreaterThanOrEqual(perPage)
    expect(perPage).toBeLessThanOrEqual(count)
    // No other number of columns would show them larger.
    for (let other = 1; other <= perPage; other++) {
      const others = Math.ceil(perPage / other)
      const width = Math.min(
        (space.width - manner.gap * (other - 1)) / other,
        ((space.height - manner.gap * (others - 1)) / others) * aspect,
      )
      expect(Math.floor(width)).toBeLessThanOrEqual(tile.width)
    }
  }
})

test('one alone fills the stage; six stand in two columns of a wide window with a pane beside it', () => {
  expect(arrange(1, { width: 1000, height: 562 }, manner).tile.width).toBeGreaterThan(995)
  expect(arrange(6, { width: 1040, height: 760 }, manner).columns).toBe(2)
})

test('three on a phone are as wide as it is; six stand in twos', () => {
  const phone = { gap: 8, aspects: [1, 4 / 3, 16 / 9], leastWidth: 150 }
  expect(arrange(3, { width: 374, height: 640 }, phone).columns).toBe(1)
  expect(arrange(3, { width: 374, height: 640 }, phone).tile.width).toBeGreaterThan(350)
  expect(arrange(6, { width: 374, height: 640 }, phone).columns).toBe(2)
})

test('who speaks on a later page takes the place of the most silent on the first; nobody else moves', () => {
  const there = ['a', 'b', 'c', 'd', 'e']
  const spoke = new Map([
    ['a', 5],
    ['b', 1],
    ['e', 9],
  ])
  expect(seated(there, there, spoke, 2)).toEqual(['a', 'e', 'c', 'd', 'b'])
  expect(seated(['a', 'e', 'c', 'd', 'b'], there, spoke, 2)).toEqual(['a', 'e', 'c', 'd', 'b'])
  expect(seated(there, ['a', 'c', 'f'], new Map(), 4)).toEqual(['a', 'c', 'f'])
})
