/**
 * What somebody writes over what stands there. A field that they did not touch follows what stands, also when others change
 * it meanwhile, and is no change. Words are taken without the space around them.
 */
export class Edits<T extends object> {
  readonly #stands: () => T
  #written = $state.raw<Partial<T>>({})
  /** For fields to be bound to, each by its name; it cannot be looked through as a whole. */
  readonly draft: T
  /** What differs from what stands: all that is to be saved. */
  readonly changes: Partial<T> = $derived(
    Object.fromEntries(
      Object.entries(this.#written).flatMap(([key, value]) =>
        isSame(value, this.#stands()[key as keyof T]) ? [] : [[key, tidied(value)]],
      ),
    ) as Partial<T>,
  )
  readonly isChanged: boolean = $derived(Object.keys(this.changes).length > 0)

  constructor(stands: () => T) {
    this.#stands = stands
    this.draft = new Proxy({} as T, {
      get: (_, key) => (key in this.#written ? this.#written : stands())[key as keyof T],
      set: (_, key, value) => {
        this.#written = { ...this.#written, [key]: value }
        return true
      },
    })
  }

  /** Of what could be saved, by the names of the fields, what was changed. */
  only<S extends { [K in keyof T]?: unknown }>(said: S): Partial<S> {
    return Object.fromEntries(Object.entries(said).filter(([key]) => key in this.changes)) as Partial<S>
  }

  /** Saved, or not wanted: what stands is shown again. */
  reset(): void {
    this.#written = {}
  }
}

const tidied = (value: unknown) => (typeof value === 'string' ? value.trim() : value)
const isSame = (one: unknown, other: unknown) => JSON.stringify(tidied(one)) === JSON.stringify(tidied(other))
