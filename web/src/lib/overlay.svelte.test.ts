import { flushSync } from 'svelte'
import { expect, test } from 'vitest'
import { Overlay } from './overlay.svelte.ts'

function written() {
  let stands = $state.raw({ name: 'Boat yard', notes: '', members: ['ada'] })
  const overlay = new Overlay(() => stands)
  return { overlay, stand: (next: Partial<typeof stands>) => void (stands = { ...stands, ...next }) }
}

test('what was not touched follows what stands there, and is not saved', () => {
  const { overlay, stand } = written()
  overlay.draft.name = 'Slipway'
  stand({ notes: 'from another administrator' })
  expect([overlay.draft.name, overlay.draft.notes, overlay.changes]).toEqual(['Slipway', 'from another administrator', { name: 'Slipway' }])

  overlay.forget()
  stand({ name: 'Harbour' })
  expect([overlay.draft.name, overlay.changes, overlay.isChanged]).toEqual(['Harbour', {}, false])
})

test('what was written back, or with space around it, is no change', () => {
  const { overlay } = written()
  overlay.draft.name = 'Slipway'
  overlay.draft.name = ' Boat yard '
  overlay.draft.members = ['ada']
  expect([overlay.draft.name, overlay.changes]).toEqual([' Boat yard ', {}])
  overlay.draft.notes = ' soon '
  overlay.draft.members = ['ada', 'bob']
  expect(overlay.changes).toEqual({ notes: 'soon', members: ['ada', 'bob'] })
})

test('a page follows both', () => {
  const { overlay, stand } = written()
  const seen: unknown[] = []
  const stop = $effect.root(() => {
    $effect(() => void seen.push([overlay.draft.name, overlay.isChanged]))
  })
  flushSync()
  overlay.draft.name = 'Slipway'
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
