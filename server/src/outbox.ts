import { fail, type Actor, type Handlers, type House } from '@atrium/platform'
import { outboxMails } from '@atrium/platform/mail/outbox'
import type { mail as contract } from '@atrium/protocol'

/** What would have been mailed, for administrators to read where no mail server is configured. */
export const outbox = (
  deps: Pick<House, 'db' | 'mail'> & { isAdministrator: (actor: Actor) => Promise<boolean> },
): Handlers<typeof contract> => ({
  async 'mail.outbox'(actor, { before }) {
    if (!(await deps.isAdministrator(actor))) throw fail('forbidden', 'directory.onlyAdministrators')
    if (deps.mail.kind !== 'outbox') return { mails: [], isKept: false }
    return { mails: await outboxMails(deps.db, before === undefined ? {} : { before: new Date(before) }), isKept: true }
  },
})
