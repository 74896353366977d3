import { createDecoder, readVarUint, readVarUint8Array } from 'lib0/decoding'
import type { DocumentEnding } from '@atrium/protocol'
import { message, say, sync } from './frames.ts'
import type { Stored } from './store.ts'

interface Reader {
  say: (frame: Uint8Array) => void
  load: () => Promise<Stored | undefined>
  /** From here on a thread serves this visit; it is to hear these frames. */
  warm: (frames: Uint8Array[]) => void
  end: (ending: DocumentEnding) => void
}

/**
 * One lonely reader of a document that is not loaded: served with stored bytes, nothing decoded, no thread started. The first
 * edit, a second person or anything unforeseen turns it warm. Who is where waits until then: there is nobody to show it to.
 */
export function coldReader({ say: tell, load, warm, end }: Reader) {
  let presence: Uint8Array | undefined
  let served: Uint8Array | undefined
  let isWarm = false
  let turn = Promise.resolve()
  let waiting = 0

  function turnWarm(more: Uint8Array[] = []): void {
    if (isWarm) return
    isWarm = true
    // The thread is told that the reader has what we sent, and answers with what came since. It need not ask back: all that
    // the reader has beyond it comes as changes.
    const has = served && Uint8Array.of(message.syncReply, ...say.sync(sync.step1, served).subarray(1))
    warm([has, presence, ...more].filter((frame) => frame !== undefined))
  }

  async function hear(frame: Uint8Array): Promise<void> {
    if (isWarm) return warm([frame])
    const decoder = createDecoder(frame)
    const kind = readVarUint(decoder)
    if (kind === message.awareness) return void (presence = frame)
    if (kind !== message.sync || readVarUint(decoder) !== sync.step1 || served) return turnWarm([frame])

    const vector = readVarUint8Array(decoder)
    const isNew = vector.length === 1 && vector[0] === 0
    const stored = await load()
    if (!stored) return end('not_found')
    const { snapshot, stateVector, tail } = stored
    if (!isNew || tail.length > 0 || !snapshot || !stateVector) return turnWarm([frame])
    served = stateVector
    tell(say.sync(sync.step2, snapshot))
    tell(say.syncStatus(true))
  }

  /** One after the other: what arrives while bytes are fetched waits. */
  function inTurn(run: () => void | Promise<void>): void {
    waiting++
    turn = turn
      .then(run)
      .catch(() => end('closed'))
      .finally(() => waiting--)
  }
  return {
    hear(frame: Uint8Array): void {
      if (isWarm && waiting === 0) return warm([frame])
      const kept = frame.slice()
      inTurn(() => hear(kept))
    },
    turnWarm: () => inTurn(() => turnWarm()),
  }
}
export type ColdReader = ReturnType<typeof coldReader>
