import { UndoManager } from 'yjs'
import type { FileId } from '@atrium/protocol'
import type { TestPerson } from '../../collab/src/testing/index.ts'

/** Somebody who types words that are like no other, and notes which of them were called saved. */
export function editor(at: { person(fileId: FileId): TestPerson }, fileId: FileId, name: string) {
  const one = at.person(fileId)
  const saved = new Set<string>()
  const savedAfterMs: number[] = []
  const undo = new UndoManager(one.text, { captureTimeout: 0 })
  let waiting: { word: string; at: number }[] = []
  let typed = 0
  one.provider.on('unsyncedChanges', () => {
    if (!one.isSaved()) return
    for (const { word, at } of waiting) {
      saved.add(word)
      savedAfterMs.push(performance.now() - at)
    }
    waiting = []
  })
  return {
    ...one,
    name,
    fileId,
    saved,
    savedAfterMs,
    undo,
    typed: () => typed,
    type(at: number): string {
      const word = `${name}.${typed++};`
      waiting.push({ word, at: performance.now() })
      // Between words, so that each stays one.
      const gap = one.text.toString().indexOf(';', Math.floor(at * one.text.length)) + 1
      one.text.insert(gap, word)
      return word
    },
  }
}
export type Editor = ReturnType<typeof editor>

/** What is wrong with what is on the screens of one document, when all is quiet. */
export function complaintsAbout(editors: readonly Editor[], stored: string): string[] {
  const complaints: string[] = []
  const words = stored
    .split(';')
    .slice(0, -1)
    .map((word) => `${word};`)
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  for (const { name, text, saved } of editors) {
    if (text.toString() !== stored) complaints.push(`divergent: ${name} shows something else`)
    for (const word of saved) if (!counts.has(word)) complaints.push(`lost: ${word}`)
  }
  for (const [word, times] of counts) {
    if (times > 1) complaints.push(`doubled: ${word}`)
    if (!editors.some(({ name }) => word.startsWith(`${name}.`))) complaints.push(`phantom: ${word}`)
  }
  return complaints
}
