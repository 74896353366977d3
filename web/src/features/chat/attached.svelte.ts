import type { Failure, Picture } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

export interface Attached {
  key: string
  name: string
  preview: string
  progress: number
  picture: Picture | undefined
  failure: Failure | undefined
}
const most = 10
const unreadable: Failure = { code: 'invalid', key: 'pictures.notAPicture' }

/** Pictures beside the text being written: prepared, uploaded, taken back. */
export class Attachments {
  list = $state.raw<readonly Attached[]>([])
  #stops = new Map<string, AbortController>()
  #files = new Map<string, Blob>()
  #hub: HubConnection

  constructor(hub: HubConnection) {
    this.#hub = hub
  }

  ready: readonly Picture[] = $derived(this.list.flatMap(({ picture }) => picture ?? []))
  isBusy: boolean = $derived(this.list.some(({ picture, failure }) => !picture && !failure))

  add(files: Iterable<File>): void {
    for (const file of files) {
      if (!file.type.startsWith('image/') || this.list.length >= most) continue
      const key = this.#hub.newId()
      this.#files.set(key, file)
      this.list = [
        ...this.list,
        { key, name: file.name, preview: URL.createObjectURL(file), progress: 0, picture: undefined, failure: undefined },
      ]
      void this.#put(key)
    }
  }

  retry(key: string): void {
    this.#change(key, { failure: undefined, progress: 0 })
    void this.#put(key)
  }

  remove(key: string): void {
    this.#stops.get(key)?.abort()
    this.#stops.delete(key)
    this.#files.delete(key)
    const gone = this.list.find((one) => one.key === key)
    if (gone) URL.revokeObjectURL(gone.preview)
    this.list = this.list.filter((one) => one !== gone)
  }

  clear(): void {
    for (const { key } of this.list) this.remove(key)
  }

  async #put(key: string) {
    const stop = new AbortController()
    this.#stops.set(key, stop)
    const { prepare, upload } = await import('./pictures.ts')
    const prepared = await prepare(this.#files.get(key)!).catch(() => undefined)
    if (!prepared) return this.#change(key, { failure: unreadable })
    const reply = await upload(this.#hub, prepared, { signal: stop.signal, progress: (progress) => this.#change(key, { progress }) })
    this.#change(key, reply.ok ? { picture: reply.data, progress: 1 } : { failure: reply.error })
  }

  #change(key: string, change: Partial<Attached>) {
    this.list = this.list.map((one) => (one.key === key ? { ...one, ...change } : one))
  }
}
