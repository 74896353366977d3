import { createContext } from 'svelte'
import type { DomainId, Failure, Hub, Output, Person, Right } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import { keptFor, type Kept } from '#lib/kept.ts'

type Mine = Output<Hub, 'me.rights'>

/** What I may administer: pages show that and nothing else. */
export class Rights {
  readonly #hub: HubConnection
  mine = $state.raw<Mine>()
  failure = $state.raw<Failure>()

  readonly #kept: Kept
  readonly #own: () => Pick<Person, 'address'>

  constructor(hub: HubConnection, own: () => Pick<Person, 'id' | 'address'>) {
    this.#hub = hub
    this.#own = own
    this.#kept = keptFor(own().id, globalThis.sessionStorage)
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
  /** Where somebody may give rights on, and which. */
  get granting() {
    return (this.mine?.domains ?? []).filter(({ grantable }) => grantable.length > 0)
  }

  /** Remembered until this tab is closed: what one does next is mostly there, too. */
  worksIn(domainId: DomainId): void {
    this.#kept.set('administration.domain', domainId)
  }
  /** Of domains to choose from the one that was worked in last; or one's own. */
  usual(domains: readonly { id: DomainId; name: string }[]): DomainId | undefined {
    const last = this.#kept.get<DomainId>('administration.domain')
    const own = this.#own().address?.split('@').at(-1)?.toLowerCase()
    return (domains.find(({ id }) => id === last) ?? domains.find(({ name }) => name === own) ?? domains[0])?.id
  }
}

export const [getRights, setRights] = createContext<Rights>()
