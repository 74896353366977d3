import type { Socket } from 'node:net'
import { Trouble } from './trouble.ts'

/** No message of an honest server is as long. */
const longest = 4 * 2 ** 20

/**
 * Sends one message and hands over all that comes back, message by message, until `isLast` says so. For answers that the library does
 * not read: it must wait for nothing meanwhile. After any trouble the connection is of no use any more.
 */
export async function exchange(socket: Socket, message: Buffer, timeoutMs: number, isLast: (message: Buffer) => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const others = socket.listeners('data') as ((bytes: Buffer) => void)[]
  let rest: Buffer = Buffer.alloc(0)
  function take(bytes: Buffer): void {
    try {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
      for (let size = sizeOf(rest); size !== undefined && rest.length >= size; size = sizeOf(rest)) {
        const one = rest.subarray(0, size)
        rest = rest.subarray(size)
        if (isLast(one)) return resolve()
      }
    } catch (error) {
      reject(error instanceof Trouble ? error : new Trouble('other', (error as Error).message))
    }
  }
  if (socket.destroyed) throw new Trouble('refused')
  const closed = (): void => reject(new Trouble('refused'))
  const timer = setTimeout(() => reject(new Trouble('late')), timeoutMs)
  for (const other of others) socket.off('data', other)
  socket.on('data', take).on('close', closed)
  try {
    socket.write(message)
    await promise
  } finally {
    clearTimeout(timer)
    socket.off('data', take).off('close', closed)
    for (const other of others) socket.on('data', other)
  }
}

/** Of the message that begins here; undefined while not even its length has come. */
function sizeOf(bytes: Buffer): number | undefined {
  if (bytes.length < 2) return undefined
  const short = bytes[1]!
  if (short < 0x80) return 2 + short
  const count = short & 0x7f
  if (count === 0 || count > 4) throw new Trouble('other', 'a message without a length')
  if (bytes.length < 2 + count) return undefined
  const size = 2 + count + bytes.readUIntBE(2, count)
  if (size > longest) throw new Trouble('truncated')
  return size
}
