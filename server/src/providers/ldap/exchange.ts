import type { Socket } from 'node:net'
import { wholeMessages } from './messages.ts'
import { Trouble } from './trouble.ts'

/** What is said of deletions: no message of an honest server is as long. */
const longest = 4 * 2 ** 20

/**
 * Sends one message and hands over all that comes back, message by message, until `isLast` says so. For answers that the library does
 * not read: it must wait for nothing meanwhile. After any trouble the connection is of no use any more.
 */
export async function exchange(socket: Socket, message: Buffer, timeoutMs: number, isLast: (message: Buffer) => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const others = socket.listeners('data') as ((bytes: Buffer) => void)[]
  const messages = wholeMessages(longest)
  function take(bytes: Buffer): void {
    try {
      for (const one of messages.take(bytes)) if (isLast(one)) return resolve()
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
