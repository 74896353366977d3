import type { DocumentVersion } from '@atrium/protocol'

/** An earlier state, as it is looked at. */
export interface Shown {
  version: DocumentVersion
  /** The whole state as one Yjs update. */
  update: Uint8Array<ArrayBuffer>
}

export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
}
