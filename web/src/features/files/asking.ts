import type { File } from '@atrium/protocol'

/** What is asked before something is done: a name, a place, people. */
export type Asking =
  { kind: 'folder' } | { kind: 'document' } | { kind: 'rename'; file: File } | { kind: 'move' | 'share'; files: readonly File[] }
