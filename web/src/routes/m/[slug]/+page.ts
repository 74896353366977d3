import { askMe } from '#features/profile/me.ts'
import { language } from '#lib/i18n/index.ts'
import type { PageLoad } from './$types'

/** Open to whoever has the link: who is signed in, and as whom, decides what is asked of them. */
export const load: PageLoad = async ({ url }) => {
  const [reply] = await Promise.all([askMe(), language.also('meetings')])
  if (reply.ok && reply.data.language) await language.use(reply.data.language)
  return { me: reply.ok ? reply.data : undefined, isExpected: url.searchParams.has('in') }
}
