import { SvelteSet } from 'svelte/reactivity'
import type { FileId } from '@atrium/protocol'

/** Which rows are chosen: one by one, from the last one on, or all. */
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

  /** With Shift and an arrow: the row one comes from and the one one goes to. */
  stretch(from: FileId, to: FileId): void {
    // Going back over what was chosen lets go of it.
    if (this.ids.has(from) && this.ids.has(to)) this.ids.delete(from)
    else this.ids.add(from).add(to)
    this.#last = to
  }

  get isAll(): boolean {
    const all = this.#all()
    return all.length > 0 && all.every(({ id }) => this.ids.has(id))
  }

  all(): void {
    for (const { id } of this.#all()) this.ids.add(id)
  }

  toggleAll(): void {
    if (this.isAll) this.ids.clear()
    else this.all()
  }
}
