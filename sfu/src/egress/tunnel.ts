import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { Outgoing } from '@atrium/platform'
import type { Destination } from './orders.ts'

const usualPorts = { 'rtmp:': 1935, 'rtmps:': 443 }

/** The way of one stream, for as long as it lasts. */
export interface Tunnel {
  /** Where FFmpeg is to send. */
  url: string
  /** All that FFmpeg said is on its way. */
  emptied(): Promise<void>
}

/**
 * FFmpeg sends to us, on loopback, and we send on. By itself it would ask names that were looked at a moment ago once more, and
 * take whoever answers under TLS for who is meant; a server would be told a bare address, by which many know nobody.
 */
export async function tunnel({ url, key, also, trusted }: Destination, outgoing: Pick<Outgoing, 'connection'>): Promise<Tunnel> {
  const target = new URL(url)
  const isSecure = target.protocol === 'rtmps:'
  const port = Number(target.port) || usualPorts[isSecure ? 'rtmps:' : 'rtmp:']
  const far = await outgoing.connection(url, { port, isSecure, trusted }, also)
  const server = createServer()
  const near = once(server, 'connection').then(([socket]) => socket as Socket)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const here = `rtmp://127.0.0.1:${(server.address() as AddressInfo).port}`
  const gone = () => void near.then((socket) => socket.destroy())
  far.once('error', gone).once('close', gone)
  void near.then((socket) => {
    server.close()
    const renamed = new Renamed(here, `${target.protocol}//${target.host}`)
    const cut = () => void far.destroy()
    socket.once('error', cut)
    renamed.once('error', cut)
    socket.pipe(renamed).pipe(far).pipe(socket)
  })
  const path = target.href.slice(`${target.protocol}//${target.host}`.length).replace(/\/+$/, '')
  return { url: `${here}${path}/${key}`, emptied: () => finished(far, { readable: false }) }
}

/** Of RTMP: three greetings, then messages in pieces. */
const greetingBytes = 1 + 1_536 + 1_536
const headBytes = 12
const pieceBytes = 128
const goesOn = 0xc3
/** A field of this name that holds a text, as AMF writes it. */
const addressField = Buffer.from('\0\u0005tcUrl\u0002', 'latin1')

/** Passes on what FFmpeg says. In its first message, the address at which it believes to speak becomes the one that is meant. */
export class Renamed extends Transform {
  readonly #from: string
  readonly #to: string
  #greeting = greetingBytes
  #held: Buffer | undefined = Buffer.alloc(0)

  constructor(from: string, to: string) {
    super()
    this.#from = from
    this.#to = to
  }

  override _transform(bytes: Buffer, _encoding: string, done: (error?: Error) => void): void {
    const greeting = bytes.subarray(0, this.#greeting)
    this.#greeting -= greeting.length
    this.push(greeting)
    const rest = bytes.subarray(greeting.length)
    if (!this.#held) {
      this.push(rest)
      return done()
    }
    this.#held = Buffer.concat([this.#held, rest])
    try {
      const first = this.#first(this.#held)
      if (first) {
        this.push(first.renamed)
        this.push(first.rest)
        this.#held = undefined
      }
      done()
    } catch (error) {
      done(error as Error)
    }
  }

  /** Undefined while it is not all there. */
  #first(bytes: Buffer): { renamed: Buffer; rest: Buffer } | undefined {
    if (bytes.length < headBytes) return undefined
    const end = headBytes + inPieces(bytes.readUIntBE(4, 3))
    if (bytes.length < end) return undefined
    const pieces: Buffer[] = []
    for (let at = headBytes; at < end; at += pieceBytes + 1) pieces.push(bytes.subarray(at, Math.min(at + pieceBytes, end)))
    const message = this.#rename(Buffer.concat(pieces))
    const head = Buffer.from(bytes.subarray(0, headBytes))
    head.writeUIntBE(message.length, 4, 3)
    const renamed = [head, message.subarray(0, pieceBytes)]
    for (let at = pieceBytes; at < message.length; at += pieceBytes)
      renamed.push(Buffer.from([goesOn]), message.subarray(at, at + pieceBytes))
    return { renamed: Buffer.concat(renamed), rest: bytes.subarray(end) }
  }

  #rename(message: Buffer): Buffer {
    const at = message.indexOf(addressField) + addressField.length
    const before = at < addressField.length ? '' : message.toString('utf8', at + 2, at + 2 + message.readUInt16BE(at))
    if (!before.startsWith(this.#from)) throw new Error('What begins a stream does not say where it goes.')
    const address = Buffer.from(this.#to + before.slice(this.#from.length))
    const length = Buffer.alloc(2)
    length.writeUInt16BE(address.length)
    return Buffer.concat([message.subarray(0, at), length, address, message.subarray(at + 2 + Buffer.byteLength(before))])
  }
}

/** How long a message is with the marks between its pieces. */
const inPieces = (bytes: number) => bytes + Math.floor(Math.max(0, bytes - 1) / pieceBytes)
