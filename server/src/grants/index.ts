import { fail, type Actor, type Authority, type Handlers } from '@atrium/platform'
import type { grants as contract, Right } from '@atrium/protocol'

interface Deps {
  isAdministrator: (actor: Pick<Actor, 'accountId'>) => Promise<boolean>
}

/**
 * Over what somebody has a right: all there is, or what is in these domains and these single things, but for the exceptions.
 * `ids` are of the right's kind: accounts for `account.see`, classes for `cos.see`.
 */
export type Visible = 'all' | (Targets & { except: Targets })
export interface Targets {
  domainIds: string[]
  ids: string[]
}

/** Who may administer what. */
export function grants({ isAdministrator }: Deps) {
  const authority: Authority = {
    async check(actor) {
      if (actor.through?.kind !== 'console' && !(await isAdministrator(actor))) throw fail('forbidden', 'forbidden')
    },
    async confirmed() {
      throw fail('forbidden', 'factors.confirmFirst')
    },
  }
  const soon = async (): Promise<never> => {
    throw fail('unavailable', 'unavailable')
  }
  const handlers: Handlers<typeof contract> = {
    'grants.list': soon,
    'grants.give': soon,
    'grants.revoke': soon,
    'grants.explain': soon,
    'me.rights': soon,
  }
  return {
    handlers,
    authority,
    async visible(actor: Actor, _right: Right): Promise<Visible> {
      const nothing = { domainIds: [], ids: [] }
      return (await isAdministrator(actor)) ? 'all' : { ...nothing, except: nothing }
    },
  }
}
export type Grants = ReturnType<typeof grants>
