import type { Failure, File, May } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

/** The way somebody takes through folders, down and up again. */
export class Walk {
  path = $state.raw<readonly File[]>([])
  /** What lies where they are; undefined until it is known. */
  inside = $state.raw<readonly File[]>()
  may = $state<May>('read')
  failure = $state.raw<Failure>()
  readonly #hub: HubConnection

  constructor(hub: HubConnection) {
    this.#hub = hub
  }

  get here(): File | undefined {
    return this.path.at(-1)
  }
  enter = (folder: File): Promise<void> => this.#go([...this.path, folder])
  up = (): Promise<void> => this.#go(this.path.slice(0, -1))

  async #go(path: readonly File[]): Promise<void> {
    this.path = path
    this.inside = undefined
    this.failure = undefined
    const folder = path.at(-1)
    if (!folder) return
    const isHere = () => this.path === path
    const reply = await this.#hub.call('files.list', { folderId: folder.id, limit: 500 }, isHere)
    if (!isHere()) return
    this.failure = reply.ok ? undefined : reply.error
    if (!reply.ok) return
    this.inside = reply.data.files
    this.may = reply.data.may
  }
}
