import assert from 'node:assert/strict'
import { test } from 'vitest'
import { droppedOf } from './dropped.ts'

/** Entries as a browser hands them out: a folder is read by the hundred. */
const fileEntry = (name: string) => ({ isDirectory: false, name, file: (done: (file: File) => void) => done(new File(['x'], name)) })
function folderEntry(name: string, inside: { name: string }[]) {
  const createReader = () => {
    const left = [...inside]
    return { readEntries: (done: (entries: unknown[]) => void) => done(left.splice(0, 100)) }
  }
  return { isDirectory: true, name, createReader }
}
const transfer = (...entries: { isDirectory: boolean; name: string }[]) =>
  ({
    items: entries.map((entry) => ({
      kind: 'file',
      webkitGetAsEntry: () => entry,
      getAsFile: () => (entry.isDirectory ? null : new File(['x'], entry.name)),
    })),
  }) as unknown as DataTransfer

test('a folder comes with all that is in it, beside single files', async () => {
  const many = Array.from({ length: 250 }, (_, n) => fileEntry(`${n}.txt`))
  const survey = folderEntry('survey', [...many, folderEntry('deep', [fileEntry('down.txt')])])
  const dropped = await droppedOf(transfer(fileEntry('plan.pdf'), survey))
  assert.equal(dropped.length, 252)
  assert.deepEqual(dropped[0], { folders: [], file: dropped[0]!.file })
  assert.equal(dropped.filter(({ folders }) => folders.join('/') === 'survey').length, 250)
  assert.deepEqual(
    dropped.filter(({ folders }) => folders.length === 2).map(({ folders, file }) => [...folders, file.name].join('/')),
    ['survey/deep/down.txt'],
  )
})
