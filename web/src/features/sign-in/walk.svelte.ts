import type { Failure, Owed, SignInState } from '@atrium/protocol'
import { get, post } from '#lib/hub/http.ts'
import { newId } from '#lib/hub/ids.ts'

export type Owing = Extract<SignInState, { state: 'owes' }>
/** `codes`: scratch codes were made on the way, and are shown this once before anything else. */
export type Step = 'start' | Owed | 'codes' | 'in'

/** Where a sign-in stands: what the hub said last decides which step the page shows. */
export class Walk {
  #stands = $state.raw<SignInState>()
  #codes = $state.raw<readonly string[]>([])

  get step(): Step {
    if (this.#codes.length > 0) return 'codes'
    if (!this.#stands) return 'start'
    return this.#stands.state === 'in' ? 'in' : this.#stands.owes[0]!
  }
  get owing(): Owing | undefined {
    return this.#stands?.state === 'owes' ? this.#stands : undefined
  }
  get codes(): readonly string[] {
    return this.#codes
  }

  took(state: SignInState, codes: readonly string[] = []): void {
    this.#stands = state
    this.#codes = codes
  }
  codesAreKept(): void {
    this.#codes = []
  }

  /** A page that was loaded in the middle goes on there. Whoever is in already may still want to be somebody else. */
  async resume(): Promise<void> {
    const reply = await get('auth.state', {})
    if (reply.ok && reply.data.state === 'owes') this.took(reply.data)
  }

  /** Too late, or done in another window: what the step says of it is no help, where the sign-in stands is. True: it moved. */
  async movedOn({ code, key }: Failure): Promise<boolean> {
    if (code !== 'unauthenticated' && key !== 'factors.notNow') return false
    const reply = await get('auth.state', {})
    this.#stands = reply.ok ? reply.data : undefined
    return true
  }

  async again(): Promise<void> {
    await post('auth.signOut', { clientId: newId() })
    this.#stands = undefined
    this.#codes = []
  }
}
