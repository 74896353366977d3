import type { Attached, Failure, FileId, Picture, RoomId } from '@atrium/protocol'
import { tray } from '#features/files/tray.svelte.ts'
import type { Sending } from '#features/files/uploads.svelte.ts'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

/** Something beside the text being written: a picture, which the message shows, or a file, which lies in the room's folder. */
export interface Beside {
  key: string
  name: string
  /** Of a picture. */
  preview: string | undefined
  progress: number
  picture: Picture | undefined
  file: Attached | undefined
  /** Its way to the room's folder. */
  sending: Sending | undefined
  failure: Failure | undefined
}
const nothing = { preview: undefined, progress: 0, picture: undefined, file: undefined, sending: undefined, failure: undefined }
const most = 10
const mostPictureBytes = 10 * 1024 * 1024
const isPicture = ({ type, size }: Blob) => /^image\/(png|jpeg|webp|gif)$/.test(type) && size <= mostPictureBytes

/** What goes with the message being written in a room: prepared, uploaded, taken back. */
export class Attachments {
  list = $state.raw<readonly Beside[]>([])
  #stops = new Map<string, AbortController>()
  #files = new Map<string, File>()
  #hub: HubConnection
  #roomId: RoomId

  constructor(hub: HubConnection, roomId: RoomId) {
    this.#hub = hub
    this.#roomId = roomId
  }

  get pictures(): readonly Picture[] {
    return this.list.flatMap(({ picture }) => picture ?? [])
  }
  get files(): readonly Attached[] {
    return this.list.flatMap(({ file }) => file ?? [])
  }
  get isBusy(): boolean {
    return this.list.some(({ picture, file, failure }) => !picture && !file && !failure)
  }

  add(files: Iterable<File>): void {
    for (const file of files) {
      if (this.list.length >= most) return
      const key = this.#hub.newId()
      this.#files.set(key, file)
      const preview = isPicture(file) ? URL.createObjectURL(file) : undefined
      this.list = [...this.list, { ...nothing, key, name: file.name, preview }]
      void (preview ? this.#show(key) : this.#send(key))
    }
  }

  /** What lies in the room's folder already. */
  addStored(files: readonly Attached[]): void {
    const known = new Set(this.files.map(({ id }) => id))
    const fresh = files.filter(({ id }) => !known.has(id)).slice(0, most - this.list.length)
    this.list = [...this.list, ...fresh.map((file) => ({ ...nothing, key: this.#hub.newId(), name: file.name, progress: 1, file }))]
  }

  retry(key: string): void {
    const known = this.list.find((one) => one.key === key)
    this.#change(key, { failure: undefined, progress: 0 })
    void (known?.preview ? this.#show(key) : this.#send(key))
  }

  /** Taken back: what was uploaded for this message goes to the trash. */
  remove(key: string): void {
    const gone = this.list.find((one) => one.key === key)
    this.#forget(key)
    if (!gone?.sending) return
    const { sending, file } = gone
    void tray.uploads(this.#hub).then((uploads) => uploads.cancel(sending))
    if (file) void this.#hub.call('files.trash', { clientId: this.#hub.newId(), fileIds: [file.id] })
  }

  /** They went with a message; what failed stays. */
  sent(): void {
    for (const { key, picture, file, sending } of this.list) {
      if (!picture && !file) continue
      this.#forget(key)
      if (sending) void tray.uploads(this.#hub).then((uploads) => uploads.drop(sending))
    }
  }

  /** Whoever goes elsewhere sees in the tray how far they are. */
  leave(): void {
    for (const { sending } of this.list) if (sending) sending.isElsewhere = false
  }
  enter(): void {
    for (const { sending } of this.list) if (sending) sending.isElsewhere = true
  }

  async #show(key: string) {
    const stop = new AbortController()
    this.#stops.set(key, stop)
    const { prepare, upload } = await import('#lib/hub/pictures.ts')
    const prepared = await prepare(this.#files.get(key)!).catch(() => undefined)
    // It calls itself a picture, and cannot be drawn: a file like others.
    if (!prepared) return this.#send(key)
    const reply = await upload(this.#hub, prepared, { signal: stop.signal, progress: (progress) => this.#change(key, { progress }) })
    this.#change(key, reply.ok ? { picture: reply.data, progress: 1 } : { failure: reply.error })
  }

  async #send(key: string) {
    const file = this.#files.get(key)
    if (!file) return
    const { preview } = this.list.find((one) => one.key === key) ?? {}
    if (preview) URL.revokeObjectURL(preview)
    this.#change(key, { preview: undefined })
    const folder = await this.#hub.call('files.room', { roomId: this.#roomId })
    if (!folder.ok) return this.#change(key, { failure: folder.error })
    const uploads = await tray.uploads(this.#hub)
    if (!this.#files.has(key)) return
    const [sending] = uploads.send(folder.data.id as FileId, [file], { isElsewhere: true })
    this.#change(key, { sending })
    const stored = await sending!.done
    if (stored) return this.#change(key, { file: stored, name: stored.name, progress: 1 })
    if (sending!.failure) this.#change(key, { failure: sending!.failure, sending: undefined })
    uploads.drop(sending!)
  }

  #forget(key: string) {
    this.#stops.get(key)?.abort()
    this.#stops.delete(key)
    this.#files.delete(key)
    const gone = this.list.find((one) => one.key === key)
    if (gone?.preview) URL.revokeObjectURL(gone.preview)
    this.list = this.list.filter((one) => one !== gone)
  }

  #change(key: string, change: Partial<Beside>) {
    this.list = this.list.map((one) => (one.key === key ? { ...one, ...change } : one))
  }
}

const begun = new WeakMap<HubConnection, Map<RoomId, Attachments>>()

/** They wait in their room, as what was typed does, for as long as the page lives. */
export function attachmentsOf(hub: HubConnection, roomId: RoomId): Attachments {
  let rooms = begun.get(hub)
  if (!rooms) begun.set(hub, (rooms = new Map()))
  let found = rooms.get(roomId)
  if (!found) rooms.set(roomId, (found = new Attachments(hub, roomId)))
  return found
}
