import type { Values } from '@atrium/protocol'
import type { Kept } from '#lib/kept.ts'
import { zone } from '#lib/i18n/index.ts'
import { look } from '#lib/theme/look.svelte.ts'
import type { Profile } from './profile.svelte.ts'

type Look = Pick<Values, 'preferences.theme' | 'preferences.density'>
const lookKey = 'look'
const startKey = 'start'
const firstLook: Look = { 'preferences.theme': 'system', 'preferences.density': 'comfortable' }

/** What holds for me, done. What this device was told otherwise stays until the account says something new. */
export function apply(values: Values, profile: Profile, kept: Kept): void {
  const before = kept.get<Look>(lookKey) ?? firstLook
  const now: Look = { 'preferences.theme': values['preferences.theme'], 'preferences.density': values['preferences.density'] }
  if (before['preferences.theme'] !== now['preferences.theme']) look.choose({ theme: now['preferences.theme'] })
  if (before['preferences.density'] !== now['preferences.density']) look.choose({ density: now['preferences.density'] })
  kept.set(lookKey, now)
  kept.set(startKey, values['preferences.startPage'])

  const timeZone = values['preferences.timeZone']
  zone.use(timeZone === 'auto' ? undefined : timeZone)
  profile.notices.about = values['preferences.notifications']
  const chosen = values['preferences.language']
  const language = chosen === 'auto' ? null : chosen
  if (language !== profile.me.language) profile.changed({ ...profile.me, language })
}
