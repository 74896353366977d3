import { createDecoder, readVarString, readVarUint } from 'lib0/decoding'
import { createEncoder, toUint8Array, writeVarString, writeVarUint } from 'lib0/encoding'

/** More than any cursor takes. */
const maxStateBytes = 4_096
/** A client that speaks for more than itself repeats what it heard: nobody has so many to say. */
const maxEntries = 1_000

/**
 * What a connection says about who is where, with nothing left of it but its own cursor and its account, which is that of
 * its ticket. Other people's entries are left out: y-websocket's clients repeat them, and others might make them up.
 * `mayBe`: whether this connection may speak for that client.
 */
export function stamped(said: Uint8Array, accountId: string, mayBe: (client: number) => boolean): Uint8Array | undefined {
  const decoder = createDecoder(said)
  const entries: { client: number; clock: number; state: string }[] = []
  const n = readVarUint(decoder)
  if (n > maxEntries) throw new RangeError('more than anybody has to say')
  for (let i = 0; i < n; i++) {
    const client = readVarUint(decoder)
    const clock = readVarUint(decoder)
    const state = readVarString(decoder)
    if (state.length <= maxStateBytes && mayBe(client)) entries.push({ client, clock, state: stampedState(state, accountId) })
  }
  if (entries.length === 0) return undefined
  const encoder = createEncoder()
  writeVarUint(encoder, entries.length)
  for (const { client, clock, state } of entries) {
    writeVarUint(encoder, client)
    writeVarUint(encoder, clock)
    writeVarString(encoder, state)
  }
  return toUint8Array(encoder)
}

/** Null stays null: whoever hides the page is gone from the others' screens at once. */
function stampedState(text: string, accountId: string): string {
  const state = JSON.parse(text) as { cursor?: unknown } | null
  if (state === null) return 'null'
  return JSON.stringify({ user: { id: accountId }, ...(state.cursor !== undefined && { cursor: state.cursor }) })
}
