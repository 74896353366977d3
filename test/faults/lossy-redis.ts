import { once } from 'node:events'
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Seeded } from './seed.ts'

/**
 * A Redis that loses messages: stands before the real one and leaves out a share of what is pushed to subscribers. The
 * rest of the protocol passes, so that no connection breaks and nobody is told.
 */
export async function lossyRedis(target: string, chance: Seeded) {
  const { hostname, port } = new URL(target)
  const counts = { pushed: 0, lost: 0 }
  let lossShare = 0
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (near) => {
    const far = createConnection({ host: hostname, port: Number(port), noDelay: true })
    sockets.add(near).add(far)
    near.on('data', (bytes) => far.write(bytes))
    const values = respValues()
    far.on('data', (bytes: Buffer) => {
      for (const value of values(bytes)) {
        if (!isPush(value)) near.write(value)
        else if ((counts.pushed++, chance.next() < lossShare)) counts.lost++
        else near.write(value)
      }
    })
    const end = () => (near.destroy(), far.destroy(), sockets.delete(near), sockets.delete(far))
    for (const socket of [near, far]) socket.on('close', end).on('error', end)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    lose: (share: number) => void (lossShare = share),
    async stop() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

/** `message` and `smessage` to a subscriber, in RESP2 (array) or RESP3 (push). */
const isPush = (value: Buffer) => /^[*>]\d+\r\n\$\d+\r\n[sp]?message\r\n/.test(value.subarray(0, 40).toString('latin1'))

/** Takes a stream apart into whole RESP values, as their bytes. https://redis.io/docs/latest/develop/reference/protocol-spec/ */
function respValues() {
  let rest = Buffer.alloc(0)
  return (bytes: Buffer): Buffer[] => {
    rest = Buffer.concat([rest, bytes])
    const whole: Buffer[] = []
    for (let end = endOf(rest, 0); end !== undefined; end = endOf(rest, 0)) {
      whole.push(rest.subarray(0, end))
      rest = rest.subarray(end)
    }
    return whole
  }
}

/** Where the value that begins at `at` ends, if all of it is there. */
function endOf(bytes: Buffer, at: number): number | undefined {
  const lineEnd = bytes.indexOf('\r\n', at)
  if (lineEnd < 0) return undefined
  const kind = String.fromCharCode(bytes[at]!)
  const count = Number(bytes.toString('latin1', at + 1, lineEnd))
  let end = lineEnd + 2
  if ('$=!'.includes(kind)) return count < 0 ? end : bytes.length >= end + count + 2 ? end + count + 2 : undefined
  const parts = '*>~'.includes(kind) ? Math.max(0, count) : kind === '%' ? count * 2 : 0
  for (let part = 0; part < parts; part++) {
    const next = endOf(bytes, end)
    if (next === undefined) return undefined
    end = next
  }
  return end
}
