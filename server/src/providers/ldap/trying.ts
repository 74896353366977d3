import type { Hub, Output } from '@atrium/protocol'
import { connected, type Ldap, type LdapSettings, type Reach } from './connection.ts'
import type { Whose } from './mirror.ts'
import { source } from './source.ts'
import { ldapTrouble } from './trouble.ts'

export type Tried = Output<Hub, 'providers.test'>
type Step = Tried['steps'][number]
export const nothing: Omit<Tried, 'isFine' | 'steps'> = { wouldCreate: 0, wouldChange: 0, wouldLock: 0, first: [] }

/** Tries everything that a mirror does, in its order, and changes nothing. */
export async function tryLdap({
  settings,
  secret,
  reach,
  whose,
  dryRun,
}: {
  settings: LdapSettings
  secret: string | null
  reach: Reach
  whose: Whose
  dryRun: DryRun
}): Promise<Tried> {
  const steps: Step[] = []
  const fine = (what: Step['what'], said = ''): void => void steps.push({ what, isFine: true, trouble: null, said })
  const wrong = (what: Step['what'], error: unknown): Tried => {
    const trouble = ldapTrouble(error, 'search')
    steps.push({ what, isFine: false, trouble: trouble.what, said: trouble.message === trouble.what ? '' : trouble.message.slice(0, 500) })
    return { isFine: false, steps, ...nothing }
  }
  let at: Step['what'] = 'reach'
  let ldap: Ldap | undefined
  try {
    ldap = await connected({ ...settings, bindDn: '' }, null, reach)
    fine('reach')
    at = 'bind'
    if (settings.bindDn !== '') {
      ldap.close()
      ldap = await connected(settings, secret, reach)
    }
    fine('bind', settings.bindDn)
    at = 'base'
    await ldap.find(settings.baseDn, '(objectClass=*)', ['objectClass'], 'base')
    fine('base', settings.baseDn)
    const from = source(ldap, settings)
    at = 'changes'
    // A server that does not say what changed is compared by ids, now and then.
    fine('changes', (await from.seen()) ?? '')
    at = 'accounts'
    const would = await dryRun(from, ldap.words, whose)
    if (would.entries === 0) {
      steps.push({ what: 'accounts', isFine: false, trouble: 'noEntries', said: '' })
      return { isFine: false, steps, ...nothing }
    }
    fine('accounts', `${would.entries}`)
    at = 'groups'
    let groups = 0
    for await (const page of from.listing('list')) groups += page.length
    fine('groups', `${groups}`)
    return { isFine: true, steps, ...would.result }
  } catch (error) {
    return wrong(at, error)
  } finally {
    ldap?.close()
  }
}
export type DryRun = (
  from: ReturnType<typeof source>,
  words: Ldap['words'],
  whose: Whose,
) => Promise<{ entries: number; result: typeof nothing }>
