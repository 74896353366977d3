import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Hub, Input, Output } from '@atrium/protocol'
import { knock } from '@atrium/sfu/stun'
import { withChildren } from '../bench/rig.ts'
import type { Citizen, Town } from './town.ts'
import type { Weather } from '../harness/weather.ts'
import type { Witness } from './witness.ts'

const consentMs = 2_000
const againMs = 250
const mostTries = 40
let ssrc = 5_000

/**
 * Somebody in a meeting without a browser: speaks the protocol as a page does, enters again when the node says that all is
 * lost, and shows the node that their network is there as ICE does – the way to the worker's port is what carries media.
 */
export class Caller {
  readonly meetingId: string
  participantId = ''
  /** How often they had to enter. */
  entered = 0
  /** Since when media flows again, of the clock of this process; null while it does not. */
  backAt: number | null = null
  readonly witness: Witness
  #joined: Output<Hub, 'media.join'> | undefined
  #consenting: NodeJS.Timeout | undefined
  #isAway = false
  #isAgain = false

  private constructor(witness: Witness, meetingId: string) {
    this.witness = witness
    this.meetingId = meetingId
    witness.socket.on('media.lost', (lost) => void (lost.meetingId === this.meetingId && this.#again()))
  }

  static async in(here: Town, who: Citizen, meetingId: string, network?: Weather): Promise<Caller> {
    const witness = await here.witness(who, { roomIds: [], ...(network && { network }) })
    const caller = new Caller(witness, meetingId)
    const { id } = (await witness.ask('meetings.knock', { clientId: randomUUID(), meetingId })) as Output<Hub, 'meetings.knock'>
    caller.participantId = id
    await witness.ask('sync.watch', { topics: [`meeting:${meetingId}`] })
    await caller.enter()
    return caller
  }

  async enter(): Promise<void> {
    const { ticket } = (await this.#ask('meetings.enter', { participantId: this.participantId })) as Output<Hub, 'meetings.enter'>
    this.#joined = (await this.#ask('media.join', { meetingId: this.meetingId, ticket })) as Output<Hub, 'media.join'>
    await this.step('media.produce', { transportId: this.#joined.send.id, source: 'microphone', rtpParameters: microphone() })
    for (let tries = 0; !(await this.reaches()); tries++) if (tries > mostTries) throw new Error('The worker does not hear us.')
    this.backAt = performance.now()
    this.entered++
    clearInterval(this.#consenting)
    this.#consenting = setInterval(() => void this.#consent(), consentMs)
  }

  /** As a page does whose packets come to nothing: it asks the node, and enters again when nobody knows it there. */
  async #consent(): Promise<void> {
    if (this.#isAway || this.#isAgain || (await this.reaches())) return
    const before = this.#joined
    await this.state().catch(() => (before === this.#joined ? this.#again() : undefined))
  }

  /** Tickets lead to a dead node until its lease ends. */
  async #again(): Promise<void> {
    if (this.#isAgain) return
    this.#isAgain = true
    this.backAt = null
    for (let tries = 0; this.backAt === null; tries++)
      await this.enter().catch((error: unknown) => {
        if (tries < mostTries) return sleep(againMs)
        this.witness.contradictions.push(String(error))
        this.backAt = Infinity
      })
    this.#isAgain = false
  }

  /** The node that has the meeting. */
  get node(): string {
    return this.#joined!.node
  }

  /** Where the worker listens that carries the meeting. */
  get port(): number {
    return this.#candidate.port
  }

  get #candidate(): { address: string; port: number } {
    return this.#joined!.send.iceCandidates.find(({ protocol }) => protocol === 'udp') as { address: string; port: number }
  }

  /** As a page asks its node. */
  step(operation: string, input: object): Promise<unknown> {
    const { node, peer } = this.#joined!
    return this.#ask(operation, { node, peer, ...input })
  }
  state = (): Promise<unknown> => this.witness.ask('media.look', { node: this.#joined!.node, peer: this.#joined!.peer })

  /** Whether the worker hears this network, where it said that it would. */
  async reaches(): Promise<boolean> {
    const { iceParameters } = this.#joined!.send
    const { address, port } = this.#candidate
    return knock({ ...(iceParameters as { usernameFragment: string; password: string }), address, port }, 200)
  }

  /** Nothing reaches the hub from here, neither words nor packets, until the returned function is called. */
  goAway(): void {
    this.#isAway = true
  }

  /** Another address perhaps: the same transports, with new credentials. */
  async comeBack(): Promise<void> {
    this.#isAway = false
    const transportId = this.#joined!.send.id
    const { iceParameters } = (await this.step('media.restart', { transportId })) as Output<Hub, 'media.restart'>
    this.#joined = { ...this.#joined!, send: { ...this.#joined!.send, iceParameters } }
  }

  async close(): Promise<void> {
    clearInterval(this.#consenting)
    await this.witness.close()
  }

  #ask = (operation: string, input: object) => this.witness.ask(operation, { clientId: randomUUID(), ...input })
}

/** The media workers that these processes started. */
export const mediaWorkers = (pids: readonly number[]): number[] =>
  withChildren(pids).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('mediasoup')
    } catch {
      return false
    }
  })

const microphone = (): Input<Hub, 'media.produce'>['rtpParameters'] => ({
  mid: '0',
  codecs: [{ mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 }],
  encodings: [{ ssrc: ssrc++ }],
})
