import { randomUUID } from 'node:crypto'
import { io, type Socket } from 'socket.io-client'
import { until } from '@atrium/platform/testing'
import {
  contract,
  protocolVersion,
  type Draft,
  type Ending,
  type FactName,
  type HandshakeRefusal,
  type Hub,
  type Input,
  type NudgeName,
  type OperationName,
  type Output,
  type Payload,
  type Position,
  type Reply,
  type SignalName,
} from '@atrium/protocol'

type NoticeName = FactName<Hub> | SignalName<Hub>
/** In a test the `clientId` may be left out: each call is then a new one. */
type Said<K extends OperationName<Hub>> =
  Draft<Hub, K> extends { clientId: string } ? Omit<Draft<Hub, K>, 'clientId'> & { clientId?: string } : Draft<Hub, K>

/** Something that reached a screen. `seq` is null for signals. */
export interface Heard {
  name: NoticeName
  payload: any
  topic: string
  seq: number | null
}

export type Person = ReturnType<typeof person>

/** Somebody outside the hub, with a browser's means: a cookie, a socket, and HTTP. */
export function person(who: { origin: string; name: string; address: string; password: string; cookie?: string; accountId?: string }) {
  const { origin, name, address, password } = who
  let { cookie = '', accountId = '' } = who
  /** The mark of a browser that was trusted with the second factor. */
  let device = ''
  const screens: Screen[] = []

  /** As a browser would: from our own page, with the cookie, keeping the one it is given. */
  async function http(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (!headers.has('origin')) headers.set('origin', origin)
    if (cookie || device) headers.set('cookie', [cookie, device].filter(Boolean).join('; '))
    const response = await fetch(new URL(path, origin), { ...init, headers, redirect: 'manual' })
    for (const set of response.headers.getSetCookie()) {
      const [pair] = set.split(';', 1)
      if (pair!.startsWith('atrium-device=')) device = pair!
      else cookie = pair === 'atrium=' ? '' : pair!
    }
    return response
  }

  async function overHttp<K extends OperationName<Hub>>(operation: K, input: unknown): Promise<Reply<Output<Hub, K>>> {
    const response = await http(`/api/${operation}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(input),
    })
    return (await response.json()) as Reply<Output<Hub, K>>
  }

  const filled = <K extends OperationName<Hub>>(operation: K, said: Said<K>): Draft<Hub, K> =>
    (contract[operation].kind === 'command' ? { clientId: randomUUID(), ...(said as object) } : said) as Draft<Hub, K>

  async function ask<K extends OperationName<Hub>>(operation: K, said: Said<K>): Promise<Reply<Output<Hub, K>>> {
    const terms = contract[operation].terms as { door?: string }
    const screen = screens.find((one) => one.isConnected())
    if (terms.door === 'http' || !screen) return overHttp(operation, filled(operation, said))
    return screen.ask(operation, filled(operation, said))
  }

  const me = {
    name,
    address,
    password,
    origin,
    get accountId() {
      return accountId as Output<Hub, 'setup.finish'>['accountId']
    },
    get cookie() {
      return cookie
    },
    /** What reached the first screen, in order. */
    get heard(): Heard[] {
      return me.screen.heard
    },
    get screen(): Screen {
      const first = screens[0]
      if (!first) throw new Error(`${name} has no screen: call connect().`)
      return first
    },
    http,
    overHttp,
    ask,

    /** For the happy path: a refusal fails the test. */
    async call<K extends OperationName<Hub>>(operation: K, said: Said<K>): Promise<Output<Hub, K>> {
      return accepted(operation, await ask(operation, said))
    },
    nudge<K extends NudgeName<Hub>>(nudge: K, input: Input<Hub, K>): void {
      me.screen.socket.emit(nudge as 'chat.typing', input as never)
    },
    /** The next notice of this name that was not looked at yet, on the first screen. */
    sees: <K extends NoticeName>(notice: K, where?: (payload: Payload<Hub, K>) => boolean) => me.screen.sees(notice, where),
    watch: (...topics: string[]) => me.screen.watch(...topics),

    /** Opens one more screen, as another tab of the same browser would. */
    async connect(): Promise<Screen> {
      const opened = screen(origin, cookie, name)
      screens.push(opened)
      await opened.connected()
      return opened
    },
    /** Comes in by an operation that begins a session. */
    async enter<K extends 'setup.finish' | 'auth.invitation.accept' | 'auth.signIn'>(operation: K, said: Said<K>): Promise<void> {
      const begun = accepted(operation, (await overHttp(operation, filled(operation, said))) as Reply<Output<Hub, 'auth.signIn'>>)
      if (!('accountId' in begun)) throw new Error(`${name} still owes ${JSON.stringify(begun)}`)
      accountId = begun.accountId
    },
    signIn: (): Promise<void> => me.enter('auth.signIn', { address, password }),
    leave(): void {
      for (const one of screens.splice(0)) one.socket.disconnect()
    },
  }
  return me
}

export type Screen = ReturnType<typeof screen>

/** One socket, and what it heard. */
export function screen(
  origin: string,
  cookie: string,
  who: string,
  options: { protocol?: unknown; watch?: Draft<Hub, 'sync.watch'>; headers?: Record<string, string> } = {},
) {
  const heard: (Heard & { isSeen: boolean })[] = []
  const socket: Socket = io(origin, {
    transports: ['websocket'],
    forceNew: true,
    reconnectionDelay: 50,
    reconnectionDelayMax: 200,
    auth: { protocol: 'protocol' in options ? options.protocol : protocolVersion, watch: options.watch },
    extraHeaders: { origin, ...(cookie && { cookie }), ...options.headers },
  })
  let refusal: HandshakeRefusal | Error | undefined
  socket.on('connect_error', (error) => (refusal = (error as { data?: HandshakeRefusal }).data ?? error))
  socket.onAny((name: NoticeName, payload: unknown, at: Position | string) => {
    const { topic, seq } = typeof at === 'string' ? { topic: at, seq: null } : at
    heard.push({ name, payload, topic, seq, isSeen: false })
  })

  return {
    socket,
    heard,
    isConnected: () => socket.connected,
    connected: () => until(`${who} is connected (refused: ${JSON.stringify(refusal)})`, () => socket.connected),
    refused: () => until(`${who} is refused`, () => refusal),
    ask: async <K extends OperationName<Hub>>(operation: K, input: unknown): Promise<Reply<Output<Hub, K>>> =>
      socket.timeout(10_000).emitWithAck(operation, input),
    async watch(...topics: string[]): Promise<Position[]> {
      const reply: Reply<Output<Hub, 'sync.watch'>> = await socket.timeout(10_000).emitWithAck('sync.watch', { topics })
      return accepted('sync.watch', reply).watching
    },
    async sees<K extends NoticeName>(notice: K, where: (payload: Payload<Hub, K>) => boolean = () => true): Promise<Payload<Hub, K>> {
      const found = await until(`${who} sees ${notice}`, () =>
        heard.find((one) => !one.isSeen && one.name === notice && where(one.payload)),
      )
      found.isSeen = true
      return found.payload
    },
    /** The hub said why and cut. */
    async ended(): Promise<Ending> {
      const { payload } = await until(`${who} is told why it ends`, () => heard.find((one) => one.name === 'hub.ending'))
      await until(`${who} is cut`, () => !socket.connected)
      return payload.ending
    },
  }
}

function accepted<K extends string, T>(operation: K, reply: Reply<T>): T {
  if (!reply.ok) throw new Error(`${operation}: ${JSON.stringify(reply.error)}`)
  return reply.data
}
