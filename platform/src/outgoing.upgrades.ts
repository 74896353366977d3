import { request as plainRequest, type IncomingMessage } from 'node:http'
import { request as secureRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream'
import { refuseUpgrade } from './http.ts'

export interface Upgraded {
  request: IncomingMessage
  socket: Duplex
  head: Buffer
}

const patienceMs = 5_000

/**
 * Passes a connection on to another process of this hub, byte by byte, as the proxy before us does. The cookie stays here:
 * what lies behind knows tickets, not people. `headers` are what that process is to be told besides; `instead`: by another
 * path than the one it came by, and what is said there before all that follows.
 */
export function passUpgrade(
  url: string,
  { request, socket, head }: Upgraded,
  headers: Record<string, string>,
  instead: { path?: string; first?: Buffer } = {},
): void {
  const target = new URL(instead.path ?? request.url ?? '/', url)
  const open = target.protocol === 'https:' ? secureRequest : plainRequest
  const { cookie: _, ...own } = request.headers
  const passed = open(target, { headers: { ...own, ...headers }, timeout: patienceMs })

  passed.on('upgrade', (answer, theirs, theirHead) => {
    passed.setTimeout(0)
    const lines = answer.rawHeaders.flatMap((name, i, all) => (i % 2 === 0 ? [`${name}: ${all[i + 1]}`] : []))
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`)
    socket.write(theirHead)
    if (instead.first) theirs.write(instead.first)
    theirs.write(head)
    // Each ends with the other; how it ended is for those at the two ends to say.
    pipeline(theirs, socket, () => socket.destroy())
    pipeline(socket, theirs, () => theirs.destroy())
  })
  passed.on('response', (answer) => {
    answer.resume()
    refuseUpgrade(socket, `${answer.statusCode} ${answer.statusMessage}`)
  })
  passed.on('timeout', () => passed.destroy(new Error('no answer in time')))
  passed.on('error', () => refuseUpgrade(socket, '502 Bad Gateway'))
  socket.on('close', () => passed.destroy())
  passed.end()
}
