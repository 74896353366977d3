import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { answerTo, isSynchronising, type Synchronised } from './synchronising.ts'

/** What is between a hub and its LDAP server. */
export type Mood = 'honest' | 'silent' | 'empty' | 'half' | 'groupless' | 'truncated' | 'referral'

const searchEntry = 0x64
const searchDone = 0x65

/** Passes LDAP on, message by message, and lies as it is told. It reads what is not protected: no TLS. */
export async function liar(port: number) {
  const moods: { now: Mood; synchronised?: Synchronised | undefined } = { now: 'honest' }
  const open = new Set<Socket>()
  const door = createServer((client) => {
    const server = connect(port, '127.0.0.1')
    let rest = Buffer.alloc(0)
    let entries = 0
    for (const socket of [client, server]) {
      open.add(socket)
      socket.on('error', () => {}).on('close', () => (open.delete(socket), client.destroy(), server.destroy()))
    }
    client.on('data', (bytes: Buffer) => {
      if (moods.synchronised && isSynchronising(bytes)) for (const message of answerTo(bytes, moods.synchronised)) client.write(message)
      else if (moods.now !== 'silent') server.write(bytes)
    })
    server.on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes])
      for (let size = sizeOf(rest); size !== undefined && rest.length >= size; size = sizeOf(rest)) {
        const message = Buffer.from(rest.subarray(0, size))
        rest = rest.subarray(size)
        const at = operationAt(message)
        // Of the few entries that say what changed lies are of no use.
        const isPerson = message[at] === searchEntry && message.includes('uid=')
        if (isPerson && (moods.now === 'empty' || (moods.now === 'half' && entries++ % 2 === 0))) continue
        if (moods.now === 'groupless' && message[at] === searchEntry && message.includes(',ou=groups,')) continue
        if (message[at] === searchDone && (moods.now === 'truncated' || moods.now === 'referral')) {
          // resultCode ENUMERATED is the first field: sizeLimitExceeded, or referral.
          const code = message.indexOf(Buffer.from([0x0a, 0x01]), at)
          message[code + 2] = moods.now === 'truncated' ? 4 : 10
        }
        client.write(message)
      }
    })
  })
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  return {
    url: `ldap://127.0.0.1:${(door.address() as AddressInfo).port}`,
    tells: (mood: Mood) => void (moods.now = mood),
    /** Undefined: the truth. */
    synchronises: (said?: Synchronised) => void (moods.synchronised = said),
    async close() {
      for (const socket of open) socket.destroy()
      door.close()
      await once(door, 'close')
    },
  }
}

/** Of the message that begins here; undefined while not even its length has come. */
function sizeOf(bytes: Buffer): number | undefined {
  if (bytes.length < 2) return undefined
  const short = bytes[1]!
  if (short < 0x80) return 2 + short
  const count = short & 0x7f
  return bytes.length < 2 + count ? undefined : 2 + count + bytes.readUIntBE(2, count)
}

/** Behind the header and the message's number. */
function operationAt(message: Buffer): number {
  const header = message[1]! < 0x80 ? 2 : 2 + (message[1]! & 0x7f)
  return header + 2 + message[header + 1]!
}
