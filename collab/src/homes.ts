import { every, homeOf, type Log, type Node, type Placement } from '@atrium/platform'
import type { Documents } from './documents.ts'

const lookEveryMs = 1_000

/**
 * Gives up documents that belong to another node since nodes came or went: who has one open asks where it is now. For a
 * moment two nodes may have a document; what both write is in one log, and neither folds away what it has not applied.
 */
export function watchHomes({ placement, node, log, documents }: { placement: Placement; node: Node; log: Log; documents: Documents }) {
  async function look(): Promise<void> {
    const opened = [...documents.opened()].filter(({ visits }) => visits.size > 0)
    if (opened.length === 0) return
    const nodes = await placement.list('collab:')
    // A database that was away has ended our lease as well: that gives nothing to anybody else.
    if (!nodes.some((lease) => lease.node === node.id)) return
    for (const document of opened) if (homeOf(document.fileId, nodes)?.node !== node.id) document.endAll('moved')
  }
  return every(lookEveryMs, look, (error) => log.warn({ operation: 'document.homes', error }))
}
