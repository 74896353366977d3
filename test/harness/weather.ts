import { once } from 'node:events'
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net'
import { frames } from './frames.ts'

export type Direction = 'up' | 'down'

/** A network between somebody and the hub, which can be made bad. It counts what it did: a fault has to bite. */
export interface Weather {
  url: string
  port: number
  /** Resets every connection, now (RST). Returns how many. */
  cut(): number
  /** Nothing passes any more, and nobody is told: a laptop asleep, a train in a tunnel. */
  stall(): void
  /** What was held back passes, and so does what comes. */
  resume(): void
  /** Resets what is open and refuses what comes, until `resume`. */
  close(): void
  /** The next WebSocket frame that fits is lost, the rest passes. Resolves when it happened. */
  dropFrame(direction: Direction, fits: (text: string) => boolean): Promise<string>
  /** Connections that are open. */
  open(): number
  counts: { connections: number; cuts: number; refused: number; dropped: number }
  stop(): Promise<void>
}

interface Wire {
  near: Socket
  far: Socket
}

/** A TCP relay on loopback, in front of `target`. */
export async function weather(target: string): Promise<Weather> {
  const { port: targetPort, hostname } = new URL(target)
  const wires = new Set<Wire>()
  const drops: { direction: Direction; fits: (text: string) => boolean; done: (text: string) => void }[] = []
  const counts = { connections: 0, cuts: 0, refused: 0, dropped: 0 }
  let held: (() => void)[] | undefined
  let isClosed = false

  const server = createServer({ noDelay: true }, (near) => {
    if (isClosed) {
      counts.refused++
      near.resetAndDestroy()
      return
    }
    counts.connections++
    const wire: Wire = { near, far: createConnection({ port: Number(targetPort), host: hostname, noDelay: true }) }
    wires.add(wire)
    carry(wire.near, wire.far, 'up')
    carry(wire.far, wire.near, 'down')
    const end = () => wires.delete(wire) && (near.destroy(), wire.far.destroy())
    for (const socket of [near, wire.far]) socket.on('error', end).on('close', end)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  function carry(from: Socket, to: Socket, direction: Direction) {
    const sift = frames((text) => {
      const at = drops.findIndex((drop) => drop.direction === direction && drop.fits(text))
      if (at < 0) return true
      counts.dropped++
      drops.splice(at, 1)[0]!.done(text)
      return false
    })
    from.on('data', (bytes: Buffer) => {
      const pass = () => {
        for (const part of sift(bytes)) if (!to.destroyed && !to.write(part)) from.pause()
      }
      if (held) held.push(pass)
      else pass()
    })
    to.on('drain', () => from.resume())
    from.on('end', () => (held ? held.push(() => to.end()) : to.end()))
  }

  function cut() {
    const count = wires.size
    for (const { near, far } of wires) {
      near.resetAndDestroy()
      far.resetAndDestroy()
    }
    wires.clear()
    counts.cuts += count
    return count
  }

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    cut,
    stall: () => void (held ??= []),
    resume() {
      isClosed = false
      const waiting = held ?? []
      held = undefined
      for (const pass of waiting) pass()
    },
    close() {
      isClosed = true
      cut()
    },
    dropFrame: (direction, fits) => new Promise((done) => void drops.push({ direction, fits, done })),
    open: () => wires.size,
    counts,
    async stop() {
      server.close()
      cut()
      if (server.listening) await once(server, 'close')
    },
  }
}
