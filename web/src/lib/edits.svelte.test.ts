import { flushSync } from 'svelte'
import { expect, test } from 'vitest'
import { Edits } from './edits.svelte.ts'

function written(isFixed?: (field: string) => boolean) {
  let stands = $state.raw({ name: 'Boat yard', notes: '', members: ['ada'] })
  const edits = new Edits(() => stands, isFixed)
  return { edits, stand: (next: Partial<typeof stands>) => void (stands = { ...stands, ...next }) }
}

test('what was not touched follows what stands there, and is not saved', () => {
  const { edits, stand } = written()
  edits.draft.name = 'Slipway'
  stand({ notes: 'from another administrator' })
  expect([edits.draft.name, edits.draft.notes, edits.changes]).toEqual(['Slipway', 'from another administrator', { name: 'Slipway' }])

  edits.undo()
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

test('what was put back follows again, and what became fixed shows what stands', () => {
  const { edits, stand } = written()
  edits.draft.notes = 'soon'
  edits.draft.notes = ''
  stand({ notes: 'from another administrator' })
  expect([edits.draft.notes, edits.isChanged]).toEqual(['from another administrator', false])

  let isNameFixed = false
  const other = written((field) => isNameFixed && field === 'name').edits
  other.draft.name = 'Slipway'
  other.draft.notes = 'soon'
  isNameFixed = true
  expect(other.draft.name).toBe('Boat yard')
  expect(other.only({ name: 'Slipway', notes: 'soon' })).toEqual({ notes: 'soon' })
})

test('what is written while it is saved stays; what was refused stays as well', async () => {
  const { edits, stand } = written()
  edits.draft.name = ' Slipway '
  const answer = Promise.withResolvers<boolean>()
  const sent: object[] = []
  const saved = edits.save((changes) => (sent.push(changes), answer.promise))
  edits.draft.notes = 'typed meanwhile'
  expect([edits.isSaving, await edits.save(async () => true)]).toEqual([true, false])
  stand({ name: 'Slipway' })
  answer.resolve(true)
  expect([await saved, sent, edits.changes, edits.isSaving]).toEqual([true, [{ name: 'Slipway' }], { notes: 'typed meanwhile' }, false])
  expect(await edits.save(async () => false)).toBe(false)
  expect(edits.changes).toEqual({ notes: 'typed meanwhile' })
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
