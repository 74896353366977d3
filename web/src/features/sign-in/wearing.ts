import type { Look } from '@atrium/protocol'
import { get } from '#lib/hub/http.ts'
import { wearAccent } from '#lib/theme/wearing.ts'
import { worn } from '#lib/theme/worn.svelte.ts'

const known = new Map<string, Look>()
let wanted = ''

/** A page that opens: nobody has typed yet. */
export const wearFirst = (): void => void (wanted || wearOf())

/** Before anybody is known, pages wear what the domain of the typed address says; before that, the domain of this machine's name. */
export async function wearOf(domain: string = location.hostname): Promise<void> {
  wanted = domain
  let look = known.get(domain)
  if (!look) {
    const reply = await get('hub.look', { domain })
    if (!reply.ok) return
    known.set(domain, (look = reply.data))
  }
  if (wanted !== domain) return
  worn.look = look
  wearAccent(look.accent)
}
