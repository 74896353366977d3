import { createContext } from 'svelte'
import type { DomainId, Failure, Hub, Output, Right } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

type Mine = Output<Hub, 'me.rights'>

/** What I may administer: pages show that and nothing else. */
export class Rights {
  readonly #hub: HubConnection
  mine = $state.raw<Mine>()
  failure = $state.raw<Failure>()

  constructor(hub: HubConnection) {
    this.#hub = hub
  }

  async load(): Promise<void> {
    this.failure = undefined
    const reply = await this.#hub.call('me.rights', {})
    if (reply.ok) this.mine = reply.data
    else this.failure = reply.error
  }

  get isAdministrator(): boolean {
    return this.mine?.isAdministrator ?? false
  }
  /** Over anything at all. */
  may(right: Right): boolean {
    return this.isAdministrator || (this.mine?.anywhere.includes(right) ?? false)
  }
  mayIn(right: Right, domainId: DomainId): boolean {
    return this.isAdministrator || (this.mine?.domains.find(({ id }) => id === domainId)?.rights.includes(right) ?? false)
  }
  /** Where this may be done. */
  domains(right: Right) {
    return (this.mine?.domains ?? []).filter(({ rights }) => this.isAdministrator || rights.includes(right))
  }
}

export const [getRights, setRights] = createContext<Rights>()
