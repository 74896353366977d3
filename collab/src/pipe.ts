import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads'

/** One direction between two threads: what goes through shared memory, and beside it a port that wakes. */
export interface Pipe {
  memory: SharedArrayBuffer
  port: MessagePort
}

/** Words of the memory's head, each of 32 bits; positions count bytes and turn over. */
const head = { written: 0, read: 1, isAwake: 2 } as const
const headBytes = 12
const memoryBytes = 256 << 10
/** Before each packet: how long it is, and which one of all. */
const packetHead = 8
/** Who found nothing so often in a row sleeps again. */
const patience = 3

export const pipeMemory = (): SharedArrayBuffer => new SharedArrayBuffer(headBytes + memoryBytes)

function looked(memory: SharedArrayBuffer) {
  const words = new Int32Array(memory, 0, headBytes / 4)
  const bytes = new Uint8Array(memory, headBytes)
  const fieldOf = (position: number) => (position >>> 0) % bytes.length
  return {
    words,
    room: bytes.length,
    put(position: number, from: Uint8Array): void {
      const at = fieldOf(position)
      const first = Math.min(from.length, bytes.length - at)
      bytes.set(first === from.length ? from : from.subarray(0, first), at)
      if (first < from.length) bytes.set(from.subarray(first), 0)
    },
    get(position: number, into: Uint8Array): void {
      const at = fieldOf(position)
      const first = Math.min(into.length, bytes.length - at)
      into.set(bytes.subarray(at, at + first))
      if (first < into.length) into.set(bytes.subarray(0, into.length - first), first)
    },
  }
}

/**
 * The end that is written to. What is small goes through the memory, and only a reader that sleeps is woken: waking costs as
 * much as some key presses do. What is large, or finds no room, goes over the port; both are numbered, so the order stays.
 */
export function pipeInto({ memory, port }: Pipe) {
  const { words, room, put } = looked(memory)
  const lead = new Uint32Array(2)
  const leadBytes = new Uint8Array(lead.buffer)
  let written = 0
  let number = 0

  return (packet: Uint8Array<ArrayBuffer>): void => {
    const used = (written - Atomics.load(words, head.read)) >>> 0
    number = (number + 1) >>> 0
    if (packet.length > room / 4 || packetHead + packet.length > room - used) return port.postMessage(packet, [packet.buffer])
    lead[0] = packet.length
    lead[1] = number
    put(written, leadBytes)
    put(written + packetHead, packet)
    written = (written + packetHead + packet.length) | 0
    Atomics.store(words, head.written, written)
    if (Atomics.exchange(words, head.isAwake, 1) === 0) port.postMessage(null)
  }
}

/**
 * The end that is read. Woken twice within `everyMs`, it looks by itself that often until there is nothing for a while: of a
 * few packets none waits, and of many none wakes. Without it, it is woken each time, and waits never.
 */
export function pipeFrom({ memory, port }: Pipe, hear: (packet: Uint8Array) => void, everyMs = 0): void {
  const { words, get } = looked(memory)
  const lead = new Uint32Array(2)
  const leadBytes = new Uint8Array(lead.buffer)
  const large: Uint8Array[] = []
  let read = 0
  let number = 1
  let wokenAt = -Infinity
  let ticking: NodeJS.Timeout | undefined
  let emptyTicks = 0

  /** The next packet, in the order in which they were written. */
  function next(): Uint8Array | undefined {
    if (Atomics.load(words, head.written) === read) return large.shift()
    get(read, leadBytes)
    // It was posted before what is in the memory was written, so it is there.
    if (lead[1] !== number) return large.shift() ?? posted()
    const packet = new Uint8Array(lead[0]!)
    get(read + packetHead, packet)
    read = (read + packetHead + packet.length) | 0
    Atomics.store(words, head.read, read)
    return packet
  }
  function posted(): Uint8Array | undefined {
    for (let found = receiveMessageOnPort(port); found; found = receiveMessageOnPort(port)) if (found.message) return found.message
    return undefined
  }

  function look(): void {
    for (let packet = next(); packet; packet = next()) {
      number = (number + 1) >>> 0
      emptyTicks = -1
      hear(packet)
    }
  }
  function sleep(): void {
    Atomics.store(words, head.isAwake, 0)
    look()
  }
  function tick(): void {
    look()
    if (++emptyTicks < patience) return void ticking!.refresh()
    ticking = undefined
    sleep()
  }

  port.on('message', (packet: Uint8Array | null) => {
    if (packet) large.push(packet)
    look()
    if (ticking) return
    const now = performance.now()
    if (now - wokenAt < 2 * everyMs) ticking = setTimeout(tick, everyMs)
    else sleep()
    wokenAt = now
  })
}
