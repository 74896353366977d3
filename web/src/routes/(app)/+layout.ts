import { redirect } from '@sveltejs/kit'
import { askMe, keptMe } from '#features/profile/me.ts'
import { language } from '#lib/i18n/index.ts'
import type { LayoutLoad } from './$types'

export const load: LayoutLoad = async ({ url }) => {
  // What this browser remembers is shown at once, and set right as soon as the hub has answered.
  const kept = keptMe()
  if (kept) return { me: kept, isFresh: false }
  const reply = await askMe()
  if (reply.ok && reply.data.person.kind !== 'guest') {
    await language.use(reply.data.language)
    return { me: reply.data, isFresh: true }
  }
  if (!reply.ok && reply.error.code !== 'unauthenticated') return { me: undefined, isFresh: false }
  const next = url.pathname + url.search
  redirect(303, next === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(next)}`)
}
