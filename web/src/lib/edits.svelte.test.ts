import { flushSync } from 'svelte'
import { expect, test } from 'vitest'
import { Edits } from './edits.svelte.ts'

function written() {
  let stands = $state.raw({ name: 'Boat yard', notes: '', members: ['ada'] })
  const edits = new Edits(() => stands)
  return { edits, stand: (next: Partial<typeof stands>) => void (stands = { ...stands, ...next }) }
}

test('what was not touched follows what stands there, and is not saved', () => {
  const { edits, stand } = written()
  edits.draft.name = 'Slipway'
  stand({ notes: 'from another administrator' })
  expect([edits.draft.name, edits.draft.notes, edits.changes]).toEqual(['Slipway', 'from another administrator', { name: 'Slipway' }])

  edits.reset()
  stand({ name: 'Harbour' })
  expect([edits.draft.name, edits.changes, edits.isChanged]).toEqual(['Harbour', {}, false])
})

test('what was written back, or with space around it, is no change', () => {
  const { edits } = written()
  edits.draft.name = 'Slipway'
  edits.draft.name = ' Boat yard '
  edits.draft.members = ['ada']
  expect([edits.draft.name, edits.changes]).toEqual([' Boat yard ', {}])
  edits.draft.notes = ' soon '
  edits.draft.members = ['ada', 'bob']
  expect(edits.changes).toEqual({ notes: 'soon', members: ['ada', 'bob'] })
})

test('a page follows both', () => {
  const { edits, stand } = written()
  const seen: unknown[] = []
  const stop = $effect.root(() => {
    $effect(() => void seen.push([edits.draft.name, edits.isChanged]))
  })
  flushSync()
  edits.draft.name = 'Slipway'
  flushSync()
  stand({ name: 'Slipway' })
  flushSync()
  expect(seen).toEqual([
    ['Boat yard', false],
    ['Slipway', true],
    ['Slipway', false],
  ])
  stop()
})
