import type { Log } from '@atrium/platform'
import type { Draft, Internal, MeetingId, TargetId } from '@atrium/protocol'
import type { Room } from '../room.ts'
import type { Speaker } from '../speakers.ts'
import { compose, type Composer } from './composer.ts'
import type { Deliveries } from './deliveries.ts'
import { Following } from './following.ts'
import { fileNameOf } from './naming.ts'
import type { Destination, Figures, Said, StreamState } from './orders.ts'

export type Wish = Draft<Internal, 'media.egress'>
export interface EgressNeeds {
  /** Where what it needs was installed. */
  folder: string
  deliveries: Deliveries
  log: Log
  /** What holds for every place that is streamed to. */
  streaming: Pick<Destination, 'also' | 'trusted'>
  tell(targetId: TargetId, state: StreamState): void
}

const beginAgainMs = [0, 500, 2_000, 5_000, 10_000]
/** Who ran for so long begins at once when it dies. */
const healthyMs = 30_000

/** One meeting that is recorded or streamed, for as long as it is: its composer, begun anew when it dies, and what it shows. */
export class Egress {
  readonly meetingId: MeetingId
  /** Resolved when nothing of it runs any more, and all files are on their way. */
  readonly ended: Promise<void>
  figures: Figures | undefined
  readonly #needs: EgressNeeds
  #wish: Wish
  #room: Room | undefined
  #composer: Composer | undefined
  #following: Following | undefined
  #file: { id: string; file: string } | undefined
  readonly #streaming = new Set<string>()
  readonly #closing = new Map<string, string>()
  #parts = 0
  #isOver = false
  #over: () => void = () => {}
  #turn: Promise<void> = Promise.resolve()

  constructor(wish: Wish, room: Room, needs: EgressNeeds) {
    this.meetingId = wish.meetingId as MeetingId
    this.#wish = wish
    this.#room = room
    this.#needs = needs
    this.ended = this.#run()
  }

  get hasRoom(): boolean {
    return this.#room !== undefined
  }

  get pid(): number | undefined {
    return this.#composer?.pid
  }

  get port(): number | undefined {
    return this.#composer?.port
  }

  /** All that is wanted from now on; said again, it changes nothing. */
  want(wish: Wish): void {
    const names = { ...this.#wish.names, ...wish.names }
    this.#wish = { ...wish, names }
    this.#following?.named(names)
    this.#inTurn(() => this.#direct())
  }

  changed(room: Room): void {
    if (room === this.#room) this.#following?.changed()
    else this.#follow(room)
  }

  speaking(room: Room, speakers: readonly Speaker[]): void {
    if (room === this.#room) this.#following?.speaking(speakers)
  }

  /** Its worker died: the same meeting goes on in another room in a moment. */
  lost(room: Room): void {
    if (room !== this.#room) return
    this.#room = undefined
    this.#following?.close()
    this.#following = undefined
  }

  end(): void {
    this.#isOver = true
    this.#over()
    this.#following?.close()
    this.#following = undefined
    this.#composer?.stop()
  }

  /** Composers, one after the other: each that dies before its time is followed by another, which writes the next part. */
  async #run(): Promise<void> {
    for (let deaths = 0; !this.#isOver; deaths++) {
      if (deaths > 0) await this.#wait(beginAgainMs[Math.min(deaths - 1, beginAgainMs.length - 1)]!)
      const since = performance.now()
      await this.#compose().catch((error: unknown) => this.#needs.log.error({ operation: 'recording', error }))
      if (performance.now() - since > healthyMs) deaths = 0
    }
  }

  async #compose(): Promise<void> {
    if (this.#isOver) return
    const composer = await compose(this.#needs.folder, this.#needs.log, (said) => this.#hear(said))
    this.#composer = composer
    if (this.#isOver) composer.stop()
    if (this.#room) this.#follow(this.#room)
    this.#inTurn(() => this.#direct())
    await composer.ended
    this.#composer = undefined
    this.#following?.close()
    this.#following = undefined
    await this.#turn
    for (const id of [...this.#closing.values(), ...(this.#file ? [this.#file.id] : [])]) this.#needs.deliveries.finished(id)
    this.#closing.clear()
    this.#file = undefined
    if (!this.#isOver) for (const targetId of this.#streaming) this.#needs.tell(targetId as TargetId, 'interrupted')
    this.#streaming.clear()
  }

  #follow(room: Room): void {
    this.#room = room
    const composer = this.#composer
    if (!composer || this.#isOver) return
    this.#inTurn(async () => {
      if (this.#composer !== composer || this.#room !== room || room.isClosed) return
      this.#following?.close()
      const following = await Following.begin(room, composer, this.#wish.names)
      if (this.#room === room && !this.#isOver) this.#following = following
      else following.close()
    })
  }

  /** Makes what is written and streamed what is wanted. */
  async #direct(): Promise<void> {
    const composer = this.#composer
    if (!composer || this.#isOver) return
    const { record, streams, meetingId } = this.#wish
    if (record && !this.#file) {
      const name = fileNameOf(record.name, ++this.#parts)
      const about = { meetingId, folderId: record.folderId, accountId: record.accountId, name }
      this.#file = await this.#needs.deliveries.begin(about as Parameters<Deliveries['begin']>[0])
      composer.tell({ do: 'record', file: this.#file.file })
    }
    if (!record && this.#file) {
      this.#closing.set(this.#file.file, this.#file.id)
      composer.tell({ do: 'unrecord', file: this.#file.file })
      this.#file = undefined
      this.#parts = 0
    }
    for (const targetId of this.#streaming)
      if (!streams.some((stream) => stream.targetId === targetId)) {
        this.#streaming.delete(targetId)
        composer.tell({ do: 'unstream', targetId })
      }
    for (const { targetId, url, key } of streams) {
      if (this.#streaming.has(targetId)) continue
      this.#streaming.add(targetId)
      composer.tell({ do: 'stream', targetId, to: { url, key, ...this.#needs.streaming } })
    }
  }

  #hear(said: Said): void {
    switch (said.is) {
      case 'key-wanted':
      case 'tracked':
      case 'shown':
        return this.#following?.hear(said)
      case 'stream':
        if (!this.#streaming.has(said.targetId)) return
        if (said.why !== undefined)
          this.#needs.log.warn(
            { operation: 'stream', targetId: said.targetId, why: said.why },
            'A stream is interrupted; it is tried again.',
          )
        this.#needs.tell(said.targetId as TargetId, said.state)
        return
      case 'recorded': {
        const id = this.#closing.get(said.file)
        this.#closing.delete(said.file)
        if (id !== undefined) this.#needs.deliveries.finished(id)
        return
      }
      case 'figures':
        this.figures = said.figures
        return
      case 'listening':
      case 'done':
        return
      default:
        said satisfies never
    }
  }

  #inTurn(step: () => Promise<void>): void {
    this.#turn = this.#turn.then(step).catch((error: unknown) => this.#needs.log.warn({ operation: 'recording', error }))
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#over = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
