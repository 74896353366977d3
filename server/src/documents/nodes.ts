import { askInternal, fail, homeOf, type Bus, type Placement } from '@atrium/platform'
import type { Draft, FileId, Internal, OperationName, Output } from '@atrium/protocol'

/** A restore decodes, compares and writes; a hub that is busy takes its time for it. */
const patienceMs = 20_000

/** The nodes on which documents live. Each document belongs to one of them. */
export function documentNodes({ bus, placement }: { bus: Pick<Bus, 'call'>; placement: Pick<Placement, 'list'> }) {
  /** Refuses with `unavailable` while there is none. */
  async function nodeFor(fileId: FileId): Promise<{ id: string; address: string; name: string }> {
    const home = homeOf(fileId, await placement.list('collab:'))
    if (!home) throw fail('unavailable', 'unavailable')
    return { id: home.node, address: home.key, name: home.key.slice('collab:'.length) }
  }

  async function ask<K extends OperationName<Internal>>(
    fileId: FileId,
    operation: K,
    input: Draft<Internal, K>,
  ): Promise<Output<Internal, K>> {
    const { address } = await nodeFor(fileId)
    return askInternal(bus, address, operation, input, patienceMs)
  }

  return {
    nodeFor,
    ask,
    create: async (fileId: FileId): Promise<void> => void (await ask(fileId, 'document.create', { fileId })),
    delete: async (fileId: FileId): Promise<void> => void (await ask(fileId, 'document.delete', { fileId })),
  }
}
export type DocumentNodes = ReturnType<typeof documentNodes>
