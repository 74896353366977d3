import type { Document } from '@hocuspocus/server'
import type { Transaction } from 'yjs'
import { visitOf } from './origin.ts'

const voices = new WeakMap<Document, Set<number>>()

/** Notes whose changes are in what a document is about to tell everybody: Hocuspocus gathers those of one turn. */
export function noteVoices(document: Document): void {
  const heard = new Set<number>()
  voices.set(document, heard)
  // Before the change, not after: a large one is told while it happens.
  document.on('beforeTransaction', ({ origin }: Transaction) => void heard.add(visitOf(origin)))
  const flush = document.flush.bind(document)
  document.flush = () => {
    flush()
    heard.clear()
    return document
  }
}

/** Nobody but this visit has changed anything: it need not hear what it said. */
export function isOnlyVoice(document: Document, visit: number): boolean {
  const heard = voices.get(document)
  return heard?.size === 1 && heard.has(visit)
}
