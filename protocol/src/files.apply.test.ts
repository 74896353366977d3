import assert from 'node:assert/strict'
import { test } from 'vitest'
import { applyFolder, compareEntries, withNext, type FolderPage } from './files.apply.ts'
import type { File } from './files.ts'
import { compareKeys, sortKeyOf } from './fold.ts'

const here = 'here' as File['id']
const entry = (id: string, name: string, more: Partial<File> = {}) =>
  ({ id, kind: 'file', parentId: here, name, bytes: name.length, changedAt: '2026-01-01T00:00:00.000Z', trashedAt: null, ...more }) as File
const page = (files: File[], more: Partial<FolderPage> = {}): FolderPage => ({
  ...{ folder: entry(here, 'Here', { kind: 'folder', parentId: null }), files, hasMore: false, sort: 'name', isDescending: false },
  ...more,
})
const names = ({ files }: FolderPage) => files.map(({ name }) => name)
const changed = (before: FolderPage, ...files: File[]) =>
  files.reduce((state, file) => applyFolder['files.entry.changed'](state, file), before)

test('what is new lies where it belongs: folders first, then as people count', () => {
  const filled = changed(page([]), entry('1', 'plan 10'), entry('2', 'Über'), entry('3', 'Plan 2'), entry('4', 'zoo', { kind: 'folder' }))
  assert.deepEqual(names(filled), ['zoo', 'Plan 2', 'plan 10', 'Über'])
  assert.deepEqual(names(changed(filled, entry('3', 'Zander'))), ['zoo', 'plan 10', 'Über', 'Zander'])
})

test('what went, lies elsewhere now or in the trash is gone; a fact that was replaced says nothing', () => {
  const two = page([entry('1', 'a'), entry('2', 'b')])
  assert.deepEqual(names(applyFolder['files.entry.gone'](two, { fileId: '1' as never })), ['b'])
  assert.deepEqual(names(changed(two, entry('1', 'a', { parentId: 'there' as never }))), ['b'])
  assert.deepEqual(names(changed(two, entry('1', 'a', { trashedAt: '2026-01-01T00:00:00.000Z' }))), ['b'])
  assert.equal(applyFolder['files.entry.changed'](two, null), two)
  assert.equal(applyFolder['files.entry.gone'](two, null), two)
})

test('the folder itself is renamed, and what lies above it stays unknown to those who do not see it', () => {
  const renamed = changed(page([]), entry(here, 'There', { kind: 'folder', parentId: 'above' as never }))
  assert.deepEqual([renamed.folder.name, renamed.folder.parentId, names(renamed)], ['There', null, []])
})

test('what may lie behind the stretch on screen is left to be loaded', () => {
  const some = page([entry('1', 'a'), entry('2', 'm')], { hasMore: true })
  assert.deepEqual(names(changed(some, entry('3', 'x'))), ['a', 'm'])
  assert.deepEqual(names(changed(some, entry('3', 'c'))), ['a', 'c', 'm'])
  assert.deepEqual(names(changed(some, entry('2', 'z'))), ['a'], 'others may lie between')
  assert.deepEqual(names(changed(some, entry('2', 'm', { bytes: 9 }))), ['a', 'm'])
  assert.deepEqual(names(changed(page([], { hasMore: true }), entry('1', 'a'))), [])
  assert.deepEqual(names(changed(page([], { hasMore: false }), entry('1', 'a'))), ['a'])
})

test('the next stretch is laid behind it, each entry once and as it was read last', () => {
  const some = page([entry('1', 'a'), entry('2', 'm')], { hasMore: true })
  const more = withNext(some, { files: [entry('3', 'n'), entry('1', 'q')], hasMore: false })
  assert.deepEqual([names(more), more.hasMore], [['m', 'n', 'q'], false])
})

test('every order turns, and what is alike is in the order of its ids', () => {
  const files = [
    entry('2', 'b', { bytes: 5 }),
    entry('1', 'B', { bytes: 5 }),
    entry('3', 'a', { bytes: 9 }),
    entry('4', 'f', { kind: 'folder' }),
  ]
  const sorted = (sort: FolderPage['sort'], isDescending: boolean) =>
    files.toSorted((one, other) => compareEntries({ sort, isDescending }, one, other)).map(({ id }) => id)
  assert.deepEqual(sorted('name', false), ['4', '3', '1', '2'])
  assert.deepEqual(sorted('name', true), ['4', '2', '1', '3'])
  assert.deepEqual(sorted('size', true), ['4', '3', '2', '1'])
  assert.deepEqual(sorted('changed', false), ['4', '1', '2', '3'])
})

test('keys are compared by characters, as the database does, and not by their halves', () => {
  const texts = ['', 'a', 'ab', 'b', '\u{1f600}', '\uff5e', 'a\u{1f600}', 'a\uff5e', '\ud7ff', '\ue000']
  const bytes = (one: string, other: string) => Math.sign(Buffer.compare(Buffer.from(one), Buffer.from(other)))
  for (const one of texts) for (const other of texts) assert.equal(Math.sign(compareKeys(one, other)), bytes(one, other))
  assert.ok(compareKeys(sortKeyOf('Plan 9'), sortKeyOf('plan 010')) < 0)
})
