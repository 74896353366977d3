import { redirect } from '@sveltejs/kit'
import { askMe, keptMe } from '#features/profile/me.ts'
import { startPath } from '#features/profile/start.ts'
import { language } from '#lib/i18n/index.ts'
import type { LayoutLoad } from './$types'

let isEntering = true

export const load: LayoutLoad = async ({ url, untrack }) => {
  // What this browser remembers is shown at once, and set right as soon as the hub has answered.
  const kept = keptMe()
  const start = kept && isEntering && untrack(() => url.pathname) === '/' ? startPath(kept.person.id) : undefined
  isEntering = false
  if (start) redirect(307, start)
  if (kept) return { me: kept }
  const reply = await askMe()
  if (reply.ok && reply.data.person.kind !== 'guest') {
    await language.use(reply.data.language)
    return { me: reply.data }
  }
  if (!reply.ok && reply.error.code !== 'unauthenticated') return { me: undefined }
  const next = url.pathname + url.search
  redirect(303, next === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(next)}`)
}
