import { Upload } from 'tus-js-client'
import type { Failure, File as Stored, FileId } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import type { Dropped } from './dropped.ts'
import { sha256Of } from './hash.ts'

/** More at once are no faster, and the first would be done later. */
const mostAtOnce = 3
/** A way that broke is taken again by itself after these, as long as nothing more arrives; then it waits for somebody. */
const retryDelaysMs = [0, 1_000, 3_000, 5_000, 10_000]
const checkEveryMs = 400

export type UploadState = 'waiting' | 'reading' | 'sending' | 'paused' | 'checking' | 'done' | 'broken' | 'refused'

/** A file on its way to a folder. */
export class Sending {
  readonly key: string
  readonly name: string
  readonly bytes: number
  readonly folderId: FileId
  state = $state<UploadState>('waiting')
  sent = $state(0)
  /** Bytes per second, of late. */
  speed = $state(0)
  failure = $state.raw<Failure>()
  stored = $state.raw<Stored>()
  /** It is shown where it was begun, as beside a message; not in the tray too. */
  isElsewhere = $state(false)
  readonly #hub: HubConnection
  readonly #file: File
  readonly #changed: () => void
  #upload: Upload | undefined
  #uploadId: string | undefined
  #reading = new AbortController()
  #tries = 0
  #done = Promise.withResolvers<Stored | undefined>()

  constructor(hub: HubConnection, folderId: FileId, file: File, changed: () => void) {
    this.key = hub.newId()
    this.#hub = hub
    this.#file = file
    this.#changed = changed
    this.folderId = folderId
    this.name = file.name
    this.bytes = file.size
  }

  /** The file, once the hub has all of it; undefined when it was taken back or refused. */
  get done(): Promise<Stored | undefined> {
    return this.#done.promise
  }
  get isUnderWay(): boolean {
    return this.state === 'reading' || this.state === 'sending' || this.state === 'checking'
  }
  get isOver(): boolean {
    return this.state === 'done' || this.state === 'refused'
  }
  get secondsLeft(): number | undefined {
    return this.state === 'sending' && this.speed > 0 ? Math.ceil((this.bytes - this.sent) / this.speed) : undefined
  }

  /** For somebody who says so: from the beginning of patience. */
  async goOn(): Promise<void> {
    this.#tries = 0
    return this.start()
  }

  async start(): Promise<void> {
    if (this.#upload) {
      this.#to('sending')
      return this.#upload.start()
    }
    this.#to('reading')
    const { signal } = this.#reading
    const sha256 = await sha256Of(this.#file, signal)
    if (signal.aborted) return
    const reply = await this.#hub.call('files.upload.begin', {
      clientId: this.key,
      folderId: this.folderId,
      name: this.name,
      bytes: this.bytes,
      type: this.#file.type,
      ...(sha256 && { sha256 }),
    })
    if (signal.aborted) return
    if (!reply.ok) return this.#refuse(reply.error)
    this.#uploadId = reply.data.uploadId
    this.#upload = this.#prepare(reply.data.path)
    this.#to('sending')
    this.#upload.start()
  }

  #prepare(path: string): Upload {
    let before = { at: performance.now(), sent: 0 }
    return new Upload(this.#file, {
      uploadUrl: new URL(path, location.origin).href,
      retryDelays: [],
      storeFingerprintForResuming: false,
      onProgress: (sent) => {
        if (sent > this.sent) this.#tries = 0
        this.sent = sent
        const at = performance.now()
        const passed = (at - before.at) / 1_000
        if (passed < 0.5) return
        const speed = Math.max(0, sent - before.sent) / passed
        this.speed = this.speed === 0 ? speed : this.speed * 0.7 + speed * 0.3
        before = { at, sent }
      },
      onSuccess: () => void this.#check(),
      onError: () => void this.#askWhy(),
    })
  }

  pause(): void {
    void this.#upload?.abort()
    this.#to('paused')
  }

  async cancel(): Promise<void> {
    this.#reading.abort()
    await this.#upload?.abort()
    this.state = this.isOver ? this.state : 'paused'
    if (this.#uploadId && !this.isOver)
      await this.#hub.call('files.upload.cancel', { clientId: this.#hub.newId(), uploadId: this.#uploadId })
    this.#done.resolve(undefined)
  }

  /** The hub compares what came with what was announced. */
  async #check(): Promise<void> {
    this.sent = this.bytes
    this.#to('checking')
    for (;;) {
      const reply = await this.#hub.call('files.upload.state', { uploadId: this.#uploadId! })
      if (!reply.ok) return this.#refuse(reply.error)
      const { state, file } = reply.data
      if (state === 'done' && file) {
        this.stored = file
        this.#to('done')
        return this.#done.resolve(file)
      }
      if (state === 'failed') return this.#refuse({ code: 'invalid', key: 'files.wrongContent' })
      if (state === 'open') return this.#to('broken')
      await new Promise((resolve) => setTimeout(resolve, checkEveryMs))
    }
  }

  /**
   * The hub knows how much it has; it answers when it is there again, and then the way goes on by itself. What it refused does
   * not, and what breaks again and again waits for somebody to say so.
   */
  async #askWhy(): Promise<void> {
    this.#to('broken')
    const reply = await this.#hub.call('files.upload.state', { uploadId: this.#uploadId! })
    if (!reply.ok) return this.#refuse(reply.error)
    if (reply.data.state === 'failed') return this.#refuse({ code: 'invalid', key: 'files.wrongContent' })
    if (reply.data.state === 'done' || reply.data.state === 'checking') return this.#check()
    const delayMs = retryDelaysMs[this.#tries++]
    if (delayMs === undefined) return
    await new Promise((resolve) => setTimeout(resolve, delayMs))
    if (this.#isStill('broken')) return this.start()
  }

  #refuse(failure: Failure) {
    this.failure = failure
    this.#to('refused')
    this.#done.resolve(undefined)
  }

  /** While an answer was on its way, somebody may have said otherwise. */
  #isStill(state: UploadState): boolean {
    return this.state === state
  }

  #to(state: UploadState) {
    this.state = state
    this.#changed()
  }
}

/** All that is on its way, whatever page is open. */
export class Uploads {
  all = $state.raw<readonly Sending[]>([])
  readonly #hub: HubConnection

  constructor(hub: HubConnection) {
    this.#hub = hub
    addEventListener('online', () => {
      for (const sending of this.all) if (sending.state === 'broken') void sending.goOn()
    })
    // Who closes the page now loses the way, though not what arrived.
    addEventListener('beforeunload', (event) => this.all.some(({ isUnderWay }) => isUnderWay) && event.preventDefault())
  }

  send(folderId: FileId, files: readonly File[], { isElsewhere = false } = {}): Sending[] {
    const sendings = files.map((file) => new Sending(this.#hub, folderId, file, () => this.#next()))
    for (const sending of sendings) sending.isElsewhere = isElsewhere
    this.all = [...this.all, ...sendings]
    this.#next()
    return sendings
  }

  /** Folders are made on the way, once each; one that is there already is used. */
  async sendTree(folderId: FileId, dropped: readonly Dropped[]): Promise<Failure | undefined> {
    const made = new Map<string, FileId>([['', folderId]])
    for (const { folders } of dropped)
      for (const [depth, name] of folders.entries()) {
        const path = folders.slice(0, depth + 1).join('/')
        if (made.has(path)) continue
        const found = await this.#folder(made.get(folders.slice(0, depth).join('/'))!, name)
        if (typeof found !== 'string') return found
        made.set(path, found)
      }
    for (const [path, id] of made) {
      const files = dropped.filter(({ folders }) => folders.join('/') === path).map(({ file }) => file)
      if (files.length > 0) this.send(id, files)
    }
    return undefined
  }

  async #folder(folderId: FileId, name: string): Promise<FileId | Failure> {
    const made = await this.#hub.call('files.folder.create', { clientId: this.#hub.newId(), folderId, name })
    if (made.ok) return made.data.id
    if (made.error.key !== 'files.nameTaken') return made.error
    const listed = await this.#hub.call('files.list', { folderId, limit: 500 })
    if (!listed.ok) return listed.error
    return listed.data.files.find((file) => file.kind === 'folder' && file.name.toLowerCase() === name.toLowerCase())?.id ?? made.error
  }

  async cancel(sending: Sending): Promise<void> {
    this.drop(sending)
    await sending.cancel()
    this.#next()
  }

  /** It arrived, and whoever sent it knows. */
  drop(sending: Sending): void {
    this.all = this.all.filter((other) => other !== sending)
  }

  clear(): void {
    this.all = this.all.filter(({ isOver }) => !isOver)
  }

  /** Whoever begins calls this again: how many are under way is counted anew each time. */
  #next() {
    for (;;) {
      const next = this.all.find(({ state }) => state === 'waiting')
      if (!next || this.all.filter(({ isUnderWay }) => isUnderWay).length >= mostAtOnce) return
      void next.start()
    }
  }
}
