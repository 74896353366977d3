/**
 * What somebody writes over what stands there. A field that they did not touch follows what stands, also when others change
 * it meanwhile, and is no change. Words are taken without the space around them.
 */
export class Edits<T extends object> {
  readonly #stands: () => T
  readonly #isFixed: (field: keyof T) => boolean
  #written = $state.raw<Partial<T>>({})
  /** For fields to be bound to, each by its name; it cannot be looked through as a whole. */
  readonly draft: T
  /** What differs from what stands: all that is to be saved. */
  readonly changes: Partial<T> = $derived.by(() => {
    const stands = this.#stands()
    const changed = fieldsOf(this.#written).filter(([field, value]) => !this.#isFixed(field) && !isSame(value, stands[field]))
    return Object.fromEntries(changed.map(([field, value]) => [field, tidied(value)])) as Partial<T>
  })
  readonly isChanged: boolean = $derived(Object.keys(this.changes).length > 0)
  isSaving = $state(false)

  /** `isFixed`: not theirs to change, or no more; it shows what stands. */
  constructor(stands: () => T, isFixed: (field: keyof T) => boolean = () => false) {
    this.#stands = stands
    this.#isFixed = isFixed
    this.draft = new Proxy({} as T, {
      get: (_, key) => (key in this.#written && !isFixed(key as keyof T) ? this.#written : stands())[key as keyof T],
      set: (_, key, value) => {
        const { [key as keyof T]: __, ...others } = this.#written
        // Put back as it was, it follows again.
        this.#written = (
          JSON.stringify(value) === JSON.stringify(stands()[key as keyof T]) ? others : { ...others, [key]: value }
        ) as Partial<T>
        return true
      },
    })
  }

  /** Of what could be saved, by the names of the fields, what was changed. */
  only<S extends { [K in keyof T]?: unknown }>(said: S): Partial<S> {
    return Object.fromEntries(Object.entries(said).filter(([field]) => field in this.changes)) as Partial<S>
  }

  /** Once at a time. `send` says whether it is saved; what was written while it was on its way stays. */
  async save(send: (changes: Partial<T>) => Promise<boolean>): Promise<boolean> {
    if (this.isSaving) return false
    this.isSaving = true
    const sent = this.changes
    const isSaved = await send(sent)
    if (isSaved) {
      const stands = this.#stands()
      const left = fieldsOf(this.#written).filter(([field, value]) => !isSame(value, sent[field]) && !isSame(value, stands[field]))
      this.#written = Object.fromEntries(left) as Partial<T>
    }
    this.isSaving = false
    return isSaved
  }

  undo(): void {
    this.#written = {}
  }
}

const fieldsOf = <T extends object>(written: Partial<T>) => Object.entries(written) as [keyof T, T[keyof T]][]
const tidied = (value: unknown) => (typeof value === 'string' ? value.trim() : value)
const isSame = (one: unknown, other: unknown) => JSON.stringify(tidied(one)) === JSON.stringify(tidied(other))
