import type { AccountId } from '@atrium/protocol'

/** The screens connected to this process, and which accounts' share of them changed since it was last told. */
export class OpenScreens {
  readonly #accounts = new Map<AccountId, Map<string, boolean>>()
  readonly #told = new Map<AccountId, boolean>()
  readonly #moved = new Set<AccountId>()

  open(accountId: AccountId, screen: string): void {
    const screens = this.#accounts.get(accountId) ?? new Map<string, boolean>()
    this.#accounts.set(accountId, screens.set(screen, true))
    this.#moved.add(accountId)
  }

  touch(accountId: AccountId, screen: string, isActive: boolean): void {
    const screens = this.#accounts.get(accountId)
    if (!screens?.has(screen) || screens.get(screen) === isActive) return
    screens.set(screen, isActive)
    this.#moved.add(accountId)
  }

  close(accountId: AccountId, screen: string): void {
    const screens = this.#accounts.get(accountId)
    if (!screens?.delete(screen)) return
    if (screens.size === 0) this.#accounts.delete(accountId)
    this.#moved.add(accountId)
  }

  /** What is different from what was last told. Taking it means telling it: who fails to, gives it back. */
  takeChanges() {
    const open: { accountId: AccountId; isActive: boolean }[] = []
    const closed: AccountId[] = []
    for (const accountId of this.#moved) {
      const isActive = this.#isActive(accountId)
      const told = this.#told.get(accountId)
      if (isActive === told) continue
      if (isActive === undefined) {
        closed.push(accountId)
        this.#told.delete(accountId)
      } else {
        open.push({ accountId, isActive })
        this.#told.set(accountId, isActive)
      }
    }
    this.#moved.clear()
    return { open, closed }
  }

  giveBack({ open, closed }: ReturnType<OpenScreens['takeChanges']>): void {
    for (const { accountId } of open) this.#told.delete(accountId)
    // A row that may still be there has to be taken away again.
    for (const accountId of closed) this.#told.set(accountId, false)
    for (const accountId of [...open.map((one) => one.accountId), ...closed]) this.#moved.add(accountId)
  }

  /** Everything is told anew. */
  forgetTold(): void {
    this.#told.clear()
    for (const accountId of this.#accounts.keys()) this.#moved.add(accountId)
  }

  get size(): number {
    return this.#told.size
  }

  #isActive(accountId: AccountId): boolean | undefined {
    const screens = this.#accounts.get(accountId)
    return screens && [...screens.values()].includes(true)
  }
}
