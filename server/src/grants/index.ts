import { fail, type Actor, type Authority } from '@atrium/platform'

interface Deps {
  isAdministrator: (actor: Pick<Actor, 'accountId'>) => Promise<boolean>
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
  return { authority }
}
export type Grants = ReturnType<typeof grants>
