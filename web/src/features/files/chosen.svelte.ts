import { SvelteSet } from 'svelte/reactivity'
import type { FileId } from '@atrium/protocol'

/** Which rows are chosen: one by one, or from the last one on. */
export class Chosen {
  readonly ids = new SvelteSet<FileId>()
  #last: FileId | undefined
  #all: () => readonly { id: FileId }[]

  constructor(all: () => readonly { id: FileId }[]) {
    this.#all = all
  }

  toggle(id: FileId, isRange: boolean): void {
    const ids = this.#all().map((file) => file.id)
    const from = this.#last === undefined ? -1 : ids.indexOf(this.#last)
    const to = ids.indexOf(id)
    if (isRange && from >= 0) for (const one of ids.slice(Math.min(from, to), Math.max(from, to) + 1)) this.ids.add(one)
    else if (!this.ids.delete(id)) this.ids.add(id)
    this.#last = id
  }

  only(id: FileId): void {
    this.ids.clear()
    this.ids.add(id)
    this.#last = id
  }

  toggleAll(): void {
    const all = this.#all()
    if (this.ids.size === all.length) return this.ids.clear()
    for (const { id } of all) this.ids.add(id)
  }
}
