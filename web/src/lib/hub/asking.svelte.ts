import { createContext } from 'svelte'
import type { Draft, Hub, OperationName, Output, Reply } from '@atrium/protocol'
import type { HubConnection } from './hub.svelte.ts'
import { sentence } from '#lib/i18n/index.ts'
import { toasts } from '#lib/ui/index.ts'

/** Asks the hub; where it wants the password again, asks the person for that first, and then goes on. */
export class Asking {
  readonly #hub: HubConnection
  /** Set while the question is on screen. */
  waiting = $state.raw<(isConfirmed: boolean) => void>()

  constructor(hub: HubConnection) {
    this.#hub = hub
  }

  newId = (): string => this.#hub.newId()

  async ask<K extends OperationName<Hub>>(operation: K, input: Draft<Hub, K>): Promise<Reply<Output<Hub, K>>> {
    return this.confirmed(() => this.#hub.call(operation, input))
  }

  /** Whatever door it is asked at. */
  async confirmed<T>(run: () => Promise<Reply<T>>): Promise<Reply<T>> {
    const reply = await run()
    if (reply.ok || reply.error.key !== 'factors.confirmFirst') return reply
    const isConfirmed = await new Promise<boolean>((resolve) => (this.waiting = resolve))
    this.waiting = undefined
    return isConfirmed ? run() : reply
  }

  /** The same for what is shown nowhere but as a word at the edge. Undefined where it was refused. */
  async done<K extends OperationName<Hub>>(operation: K, input: Draft<Hub, K>, said?: string): Promise<Output<Hub, K> | undefined> {
    const reply = await this.ask(operation, input)
    if (!reply.ok) {
      if (reply.error.key !== 'factors.confirmFirst') toasts.show(sentence(reply.error), { kind: 'bad' })
      return undefined
    }
    if (said) toasts.show(said)
    return reply.data
  }
}

export const [getAsking, setAsking] = createContext<Asking>()
