import assert from 'node:assert/strict'
import { test } from 'vitest'
import type { File, FileId } from '@atrium/protocol'
import { Drag } from './drag.svelte.ts'

const file = (id: string, parentId = 'here') => ({ id: id as FileId, parentId: parentId as FileId, name: id }) as File
const folder = (id: string) => ({ id: id as FileId, name: id })

/** An event as a browser makes it; `what` is in the hand. */
function dragged(...types: string[]) {
  const event = {
    defaultPrevented: false,
    preventDefault: () => void (event.defaultPrevented = true),
    dataTransfer: { types, items: [], effectAllowed: '', dropEffect: '', setData: () => undefined },
  }
  return event as typeof event & DragEvent
}
function page() {
  const done: string[] = []
  const drag = new Drag({
    send: (_dropped, folderId) => void done.push(`upload to ${folderId}`),
    move: (files, to) => void done.push(`${files.map(({ id }) => id).join()} to ${to.id}`),
  })
  return { drag, done }
}

test('files from outside fall into the folder under them, and into one only', async () => {
  const { drag, done } = page()
  const over = dragged('Files')
  drag.hover(over, folder('row'))
  drag.hover(over, folder('here'))
  assert.deepEqual([drag.over?.id, over.dataTransfer.dropEffect], ['row', 'copy'])
  const fallen = dragged('Files')
  await drag.drop(fallen, folder('row'))
  await drag.drop(fallen, folder('here'))
  assert.deepEqual([done, drag.over], [['upload to row'], undefined])
})

test('files of the page go to another folder, not to where they are nor into themselves', async () => {
  const { drag, done } = page()
  const carried = [file('a'), file('b')]
  drag.begin(dragged(), carried)
  for (const place of ['here', 'a']) {
    const over = dragged()
    drag.hover(over, folder(place))
    await drag.drop(over, folder(place))
    assert.equal(over.defaultPrevented, false, place)
  }
  assert.deepEqual(done, [])
  await drag.drop(dragged(), folder('other'))
  assert.deepEqual([done, drag.files], [['a,b to other'], []])
})

test('words that are dragged are nothing to a folder', () => {
  const { drag } = page()
  const over = dragged('text/plain')
  drag.hover(over, folder('here'))
  assert.deepEqual([over.defaultPrevented, drag.over], [false, undefined])
})
