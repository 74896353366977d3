import type { Draft, Failure, Hub, MeetingId, OperationName, Output, Reply, Source } from '@atrium/protocol'
import type { types } from 'mediasoup-client'
import { deviceFor, likelyCapabilities, type Device } from './device.ts'
import { sendings } from './encodings.ts'

/** The hub said no. */
export class Refused extends Error {
  readonly failure: Failure
  constructor(failure: Failure) {
    super(failure.key)
    this.failure = failure
  }
}

export interface Line {
  call<K extends OperationName<Hub>>(name: K, draft: Draft<Hub, K>, isWanted?: () => boolean): Promise<Reply<Output<Hub, K>>>
  newId(): string
}

export interface Received {
  consumer: types.Consumer
  source: Source
}
/** How much of what somebody sends is wanted here: nothing, or so many pixels. */
export interface Wanted {
  isPaused: boolean
  width?: number
  height?: number
}
/** A node that does not answer for so long may be gone, and the next ticket names another. */
const joinMs = 6_000
type Joined = Output<Hub, 'media.join'>

/**
 * One connection to a media node: what goes there and what comes from it. It lives until it is closed or the node forgets
 * it; a meeting may outlive several.
 */
export class Peer {
  readonly state: Joined['state']
  /** By producer. */
  readonly received = new Map<string, Received>()
  isClosed = false
  #line: Line
  #device: Device
  #joined: Joined
  #send: types.Transport | undefined
  #receive: types.Transport | undefined
  #senders = new Map<Source, types.Producer>()
  #capable: Promise<unknown>
  #changed: () => void

  /** `changed`: a transport connected, or lost its connection. */
  private constructor(line: Line, device: Device, joined: Joined, capable: Promise<unknown>, changed: () => void) {
    this.#line = line
    this.#device = device
    this.#joined = joined
    this.#capable = capable
    this.#changed = changed
    this.state = joined.state
  }

  static async enter(line: Line, meetingId: MeetingId, ticket: string, changed: () => void): Promise<Peer> {
    const likely = await likelyCapabilities()
    const until = Date.now() + joinMs
    const asked = {
      clientId: line.newId(),
      meetingId,
      ticket,
      ...(likely && { rtpCapabilities: likely.device.recvRtpCapabilities as never }),
    }
    const reply = await line.call('media.join', asked, () => Date.now() < until)
    if (!reply.ok) throw new Refused(reply.error)
    const { node, peer, routerRtpCapabilities } = reply.data
    const isLikely = likely !== undefined && JSON.stringify(routerRtpCapabilities) === likely.text
    const device = isLikely ? likely.device : await deviceFor(routerRtpCapabilities)
    const capable = isLikely
      ? Promise.resolve()
      : line.call('media.capable', { node, peer, clientId: line.newId(), rtpCapabilities: device.recvRtpCapabilities as never })
    return new Peer(line, device, reply.data, capable, changed)
  }

  /** What the browser says of the transports that are used. */
  get connection(): 'new' | 'connected' | 'broken' {
    const states = [this.#send, this.#receive].flatMap((transport) => (transport ? [transport.connectionState] : []))
    if (states.some((state) => state === 'failed' || state === 'disconnected' || state === 'closed')) return 'broken'
    return states.length > 0 && states.every((state) => state === 'connected') ? 'connected' : 'new'
  }

  sender = (source: Source): types.Producer | undefined => this.#senders.get(source)

  async send(source: Source, track: MediaStreamTrack, isPaused: boolean): Promise<void> {
    const producer = await this.#sending().produce({
      ...sendings[source],
      track,
      stopTracks: false,
      disableTrackOnPause: false,
      appData: { source, isPaused },
    })
    if (isPaused) producer.pause()
    if (this.isClosed) return producer.close()
    this.#senders.set(source, producer)
  }

  async stop(source: Source): Promise<void> {
    const producer = this.#senders.get(source)
    if (!producer) return
    this.#senders.delete(source)
    producer.close()
    await this.#ask('media.close', { producerId: producer.id })
  }

  async pause(source: Source, isPaused: boolean): Promise<void> {
    const producer = this.#senders.get(source)
    if (!producer || producer.paused === isPaused) return
    if (isPaused) producer.pause()
    else producer.resume()
    await this.#ask('media.pause', { producerId: producer.id, isPaused })
  }

  async replace(source: Source, track: MediaStreamTrack): Promise<void> {
    await this.#senders.get(source)?.replaceTrack({ track })
  }

  /** Everything that could be had of these; somebody may have stopped sending meanwhile. `began`: the first of all are there, and may flow. */
  async consume(producerIds: readonly string[], began: (consumers: { id: string; producerId: string }[]) => Promise<void>): Promise<void> {
    const asking = this.#ask('media.consume', { producerIds: [...producerIds] })
    // The node takes one step after the other: what can be received is said before. Should that be overtaken, it is asked again.
    const { consumers } = await asking.catch(async () => {
      await this.#capable
      return this.#ask('media.consume', { producerIds: [...producerIds] })
    })
    const transport = this.#receiving()
    // While the first way is still being found nothing can arrive too early: it may begin to flow as soon as there is one.
    const isFirst = this.received.size === 0 && transport.connectionState === 'new'
    const beginning = isFirst ? began(consumers.map(({ id, producerId }) => ({ id, producerId }))) : undefined
    await Promise.all([
      beginning,
      ...consumers.map(async ({ id, producerId, kind, source, rtpParameters }) => {
        if (this.received.has(producerId) || this.isClosed) return
        const consumer = await transport.consume({ id, producerId, kind, rtpParameters: rtpParameters as never })
        this.received.set(producerId, { consumer, source })
      }),
    ])
  }

  /** By consumer. */
  async want(wanted: ReadonlyMap<string, Wanted>): Promise<void> {
    const consumers = [...wanted].map(([id, want]) => ({ id, ...want }))
    if (consumers.length > 0) await this.#ask('media.wants', { consumers })
  }

  /** Of what nobody sends any more. */
  forget(producerId: string): void {
    this.received.get(producerId)?.consumer.close()
    this.received.delete(producerId)
  }

  look = (): Promise<Joined['state']> => this.#ask('media.look', {})
  quality = (): Promise<Output<Hub, 'media.quality'>> => this.#ask('media.quality', {})

  /** The way to the node is looked for anew: another network, another address. Rejects where the node knows us no more. */
  async restart(): Promise<void> {
    for (const transport of [this.#send, this.#receive]) {
      if (!transport) continue
      const { iceParameters } = await this.#ask('media.restart', { transportId: transport.id })
      if (!this.isClosed) await transport.restartIce({ iceParameters: iceParameters as never })
    }
    if (!this.#send && !this.#receive) await this.look()
  }

  close(): void {
    this.isClosed = true
    this.#send?.close()
    this.#receive?.close()
    this.#senders.clear()
    this.received.clear()
  }

  #sending(): types.Transport {
    if (this.#send) return this.#send
    const transport = this.#device.createSendTransport(this.#options(this.#joined.send))
    transport.on('produce', ({ rtpParameters, appData }, done, failed) => {
      const { source, isPaused } = appData as { source: Source; isPaused: boolean }
      this.#ask('media.produce', { transportId: transport.id, source, rtpParameters: rtpParameters as never, isPaused }).then(
        ({ producerId }) => done({ id: producerId }),
        failed,
      )
    })
    return (this.#send = this.#connecting(transport))
  }

  #receiving(): types.Transport {
    return (this.#receive ??= this.#connecting(this.#device.createRecvTransport(this.#options(this.#joined.receive))))
  }

  #options(made: Joined['send']): types.TransportOptions {
    return { ...(made as unknown as types.TransportOptions), iceServers: this.#joined.iceServers as RTCIceServer[] }
  }

  #connecting(transport: types.Transport): types.Transport {
    transport.on('connect', ({ dtlsParameters }, done, failed) => {
      this.#ask('media.connect', { transportId: transport.id, dtlsParameters: dtlsParameters as never }).then(() => done(), failed)
    })
    transport.on('connectionstatechange', () => !this.isClosed && this.#changed())
    return transport
  }

  /** Says which connection is meant, and gives up with it: a node that died answers nobody. */
  async #ask<K extends StepName>(name: K, rest: Omit<Draft<Hub, K>, 'node' | 'peer' | 'clientId'>): Promise<Output<Hub, K>> {
    const { node, peer } = this.#joined
    const clientId = queries.has(name) ? {} : { clientId: this.#line.newId() }
    const reply = await this.#line.call(name, { node, peer, ...clientId, ...rest } as never, () => !this.isClosed)
    if (!reply.ok) throw new Refused(reply.error)
    return reply.data as Output<Hub, K>
  }
}

type StepName = Exclude<Extract<OperationName<Hub>, `media.${string}`>, 'media.join'>
const queries = new Set<StepName>(['media.look', 'media.quality'])
