import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads'

/** One direction between two threads: what goes through shared memory, and beside it a port that wakes. */
export interface Pipe {
  memory: SharedArrayBuffer
  port: MessagePort
}

/** Words before the ring, each of 32 bits; positions count bytes and turn over. */
const word = { written: 0, read: 1, isAwake: 2 } as const
const wordBytes = 12
const ringBytes = 256 << 10
/** Before each packet in the ring: how long it is, and which one of all. */
const headBytes = 8

/** Who found nothing so often in a row sleeps again. */
const patience = 3
/** So long one hears without a pause: others of this thread have their turn, too. */
const turnMs = 10

export const pipeMemory = (): SharedArrayBuffer => new SharedArrayBuffer(wordBytes + ringBytes)

function ringIn(memory: SharedArrayBuffer) {
  const words = new Int32Array(memory, 0, wordBytes / 4)
  const ring = new Uint8Array(memory, wordBytes)
  const placeOf = (position: number) => (position >>> 0) % ringBytes
  return {
    words,
    put(position: number, from: Uint8Array): void {
      const at = placeOf(position)
      const first = Math.min(from.length, ringBytes - at)
      ring.set(first === from.length ? from : from.subarray(0, first), at)
      if (first < from.length) ring.set(from.subarray(first), 0)
    },
    get(position: number, into: Uint8Array): void {
      const at = placeOf(position)
      const first = Math.min(into.length, ringBytes - at)
      into.set(ring.subarray(at, at + first))
      if (first < into.length) into.set(ring.subarray(0, into.length - first), first)
    },
  }
}

/**
 * The end that is written to. What is small goes through the memory, and only a reader that sleeps is woken: waking costs as
 * much as some key presses do. What is large, or finds no room, goes over the port; both are numbered, so the order stays.
 */
export function pipeInto({ memory, port }: Pipe) {
  const { words, put } = ringIn(memory)
  const head = new Uint32Array(2)
  const headAsBytes = new Uint8Array(head.buffer)
  let written = 0
  let number = 0

  return (packet: Uint8Array<ArrayBuffer>): void => {
    const used = (written - Atomics.load(words, word.read)) >>> 0
    number = (number + 1) >>> 0
    if (packet.length > ringBytes / 4 || headBytes + packet.length > ringBytes - used) return port.postMessage(packet, [packet.buffer])
    head[0] = packet.length
    head[1] = number
    put(written, headAsBytes)
    put(written + headBytes, packet)
    written = (written + headBytes + packet.length) | 0
    Atomics.store(words, word.written, written)
    if (Atomics.exchange(words, word.isAwake, 1) === 0) port.postMessage(null)
  }
}

/**
 * The end that is read. Woken twice in short order it looks by itself every so many milliseconds, until there is nothing for a
 * while: of a few packets none waits, and of many none wakes. Without `everyMs` it is woken each time, and waits never.
 */
export function pipeFrom({ memory, port }: Pipe, hear: (packet: Uint8Array) => void, everyMs = 0): void {
  const { words, get } = ringIn(memory)
  const head = new Uint32Array(2)
  const headAsBytes = new Uint8Array(head.buffer)
  const overPort: Uint8Array[] = []
  let read = 0
  let number = 1
  let wokenAt = -Infinity
  let ticking: NodeJS.Timeout | undefined
  let emptyTicks = 0
  /** There is more than fits into a turn. */
  let isBehind = false

  /** The next packet, in the order in which they were written. */
  function next(): Uint8Array | undefined {
    if (Atomics.load(words, word.written) === read) return overPort.shift()
    get(read, headAsBytes)
    // One of those between went over the port, and is there: it was in our queue before what follows it was in the memory.
    if (head[1] !== number) return overPort.shift() ?? posted()
    const packet = new Uint8Array(head[0]!)
    get(read + headBytes, packet)
    read = (read + headBytes + packet.length) | 0
    Atomics.store(words, word.read, read)
    return packet
  }
  function posted(): Uint8Array | undefined {
    for (let found = receiveMessageOnPort(port); found; found = receiveMessageOnPort(port)) {
      if (found.message) return found.message as Uint8Array
      // A waking that is taken here wakes nobody: the next packet is to do so.
      Atomics.store(words, word.isAwake, 0)
    }
    return undefined
  }

  function look(): void {
    const until = performance.now() + turnMs
    for (let packet = next(); packet; packet = next()) {
      number = (number + 1) >>> 0
      emptyTicks = -1
      hear(packet)
      if (performance.now() < until) continue
      isBehind = true
      setImmediate(turn)
      return
    }
  }
  function turn(): void {
    isBehind = false
    look()
    if (!ticking) sleep()
  }
  /** What is written from now on wakes; what was written just before is heard. */
  function sleep(): void {
    if (isBehind) return
    Atomics.store(words, word.isAwake, 0)
    look()
  }
  function tick(): void {
    if (!isBehind) look()
    if (++emptyTicks < patience) return void ticking!.refresh()
    ticking = undefined
    sleep()
  }

  port.on('message', (packet: Uint8Array | null) => {
    if (packet) overPort.push(packet)
    const now = performance.now()
    if (!ticking && now - wokenAt < 2 * everyMs) ticking = setTimeout(tick, everyMs)
    wokenAt = now
    if (!isBehind) turn()
  })
}
