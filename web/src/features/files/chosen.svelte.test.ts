import assert from 'node:assert/strict'
import { test } from 'vitest'
import type { FileId } from '@atrium/protocol'
import { Chosen } from './chosen.svelte.ts'

const ids = ['a', 'b', 'c', 'd'] as FileId[]
const list = () => new Chosen(() => ids.map((id) => ({ id })))
const names = (chosen: Chosen) => [...chosen.ids].sort().join('')

test('one by one, and all from the last one on', () => {
  const chosen = list()
  chosen.toggle(ids[1]!, false)
  chosen.toggle(ids[3]!, true)
  assert.equal(names(chosen), 'bcd')
  chosen.toggle(ids[2]!, false)
  assert.equal(names(chosen), 'bd')
})

test('Shift and arrows stretch what is chosen, and take it back on the way back', () => {
  const chosen = list()
  chosen.stretch(ids[0]!, ids[1]!)
  chosen.stretch(ids[1]!, ids[2]!)
  assert.equal(names(chosen), 'abc')
  chosen.stretch(ids[2]!, ids[1]!)
  assert.equal(names(chosen), 'ab')
})

test('the box above all rows takes all, and lets go of all when all are taken', () => {
  const chosen = list()
  chosen.toggle(ids[0]!, false)
  chosen.toggleAll()
  assert.equal(names(chosen), 'abcd')
  chosen.toggleAll()
  assert.equal(names(chosen), '')
  assert.equal(new Chosen(() => []).isAll, false)
})
