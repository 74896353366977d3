import { io } from 'socket.io-client'
import type { HandshakeRefusal, Reply } from '@atrium/protocol'

/** What the client needs of a connection. The real one is Socket.IO; tests bring their own. */
export interface Transport {
  open(): void
  /** Gives up the present connection, without a word to the other side if need be. */
  cut(): void
  /** Rejects when the connection breaks or nothing was answered in time. */
  ask(name: string, input: unknown, timeoutMs: number): Promise<Reply<unknown>>
  tell(name: string, input: unknown): void
  listen(ears: Ears): void
}
export interface Ears {
  /** What is asked with the handshake: the input of `sync.watch`. */
  greeting(): unknown
  /** `answer`: to what was asked with the handshake. Rejects when the connection breaks or nothing comes in time. */
  opened(answer: Promise<Reply<unknown>>): void
  closed(): void
  /** The handshake was refused, with a reason; or nobody is there. */
  refused(reason: HandshakeRefusal | undefined): void
  /** Anything at all arrived: the other side lives. */
  alive(): void
  heard(name: string, payload: unknown, at: unknown): void
}

const greetingMs = 10_000

/** One WebSocket, with the session's cookie. Connecting again is the client's business: it knows when the laptop woke up. */
export function socketTransport(protocol: number, url?: string): Transport {
  let ears: Ears
  let greeted!: PromiseWithResolvers<Reply<unknown>>
  const options = {
    transports: ['websocket'],
    reconnection: false,
    autoConnect: false,
    withCredentials: true,
    timeout: 8_000,
    auth(say: (handshake: object) => void) {
      greeted = Promise.withResolvers()
      say({ protocol, watch: ears.greeting() })
    },
  }
  const socket = url ? io(url, options) : io(options)
  return {
    open: () => void socket.connect(),
    cut: () => void socket.disconnect(),
    ask: (name, input, timeoutMs) => socket.timeout(timeoutMs).emitWithAck(name, input) as Promise<Reply<unknown>>,
    tell: (name, input) => void socket.emit(name, input),
    listen(given) {
      ears = given
      socket.on('connect', () => {
        socket.io.engine.on('packet', () => ears.alive())
        setTimeout(lose, greetingMs, greeted)
        ears.opened(greeted.promise)
      })
      socket.on('disconnect', () => {
        lose(greeted)
        ears.closed()
      })
      socket.on('connect_error', (error) => ears.refused((error as Error & { data?: HandshakeRefusal }).data))
      socket.onAny((name: string, payload: unknown, at: unknown) =>
        name === 'sync.watched' ? greeted.resolve(payload as Reply<unknown>) : ears.heard(name, payload, at),
      )
    },
  }
}

const lose = (greeted: PromiseWithResolvers<Reply<unknown>>) => greeted.reject(new Error('unanswered'))
