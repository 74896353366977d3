import { createDecoder, readVarString } from 'lib0/decoding'
import { DocumentGreeting } from '@atrium/protocol'
import { addressBytes, message, tokenIn } from './frames.ts'

/**
 * The first message of a connection. The gateway greets in words; Hocuspocus' provider greets with its first message, which
 * names the document and carries the ticket as its token. Undefined: neither.
 */
export function greetingOf(bytes: Buffer, isBinary: boolean): DocumentGreeting | undefined {
  try {
    const said: unknown = isBinary ? ofProvider(bytes) : JSON.parse(bytes.toString())
    return DocumentGreeting.safeParse(said).data
  } catch {
    return undefined
  }
}

function ofProvider(bytes: Buffer): unknown {
  const decoder = createDecoder(bytes)
  const fileId = readVarString(decoder)
  return { fileId, ticket: tokenIn(bytes.subarray(decoder.pos)), speaks: 'hocuspocus' }
}

/** What a page's provider may send before it has its ticket: typing goes on meanwhile, and is asked for afterwards. */
export const isEarly = (bytes: Buffer, isBinary: boolean): boolean =>
  isBinary && bytes.length > addressBytes && bytes[0] === addressBytes - 1 && bytes[addressBytes] !== message.auth
