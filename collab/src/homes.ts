import { every, homeOf, type Lease, type Log, type Node, type Placement } from '@atrium/platform'
import type { FileId } from '@atrium/protocol'
import type { OpenDocument } from './document.ts'

/** So long after nodes came or went, another may have written to what is open here. */
const unsettledMs = 10_000

interface Needs {
  placement: Placement
  node: Node
  log: Log
  opened: () => Iterable<OpenDocument>
  heal: (document: OpenDocument) => Promise<void>
  everyMs: number
}

/**
 * Gives up documents that belong to another node since nodes came or went: who has one open asks where it is now. For a
 * moment two nodes may have a document; what both write is in one log, neither folds away what it has not applied, and the
 * one that keeps the document takes in what the other wrote.
 */
export function homes({ placement, node, log, opened, heal, everyMs }: Needs) {
  let nodes: Lease[] = []
  let present = ''
  let unsettledUntil = 0

  async function look(): Promise<void> {
    const found = await placement.list('collab:')
    // A database that was away has ended our lease as well: that gives nothing to anybody else.
    if (!found.some((lease) => lease.node === node.id)) return
    nodes = found
    const names = found.map((lease) => lease.node).join()
    if (names !== present) unsettledUntil = performance.now() + unsettledMs
    present = names
    for (const document of [...opened()])
      if (isElsewhere(document.fileId)) document.endAll('moved')
      else if (performance.now() < unsettledUntil) await heal(document)
  }
  const isElsewhere = (fileId: FileId): boolean => nodes.length > 1 && homeOf(fileId, nodes)!.node !== node.id

  return { isElsewhere, stop: every(everyMs, look, (error) => log.warn({ operation: 'document.homes', error })) }
}
