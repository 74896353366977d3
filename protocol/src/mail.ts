import { z } from 'zod'
import { query } from './kernel.ts'

/** What the hub would have mailed, kept where no SMTP server is configured. Administrators read it at `/admin/outbox`. */
export const OutboxMail = z.object({ id: z.uuid(), to: z.string(), subject: z.string(), text: z.string(), at: z.iso.datetime() })
export type OutboxMail = z.output<typeof OutboxMail>

export const mail = {
  'mail.outbox': query(
    z.strictObject({ before: z.iso.datetime().optional() }),
    z.object({ mails: z.array(OutboxMail), isKept: z.boolean() }),
  ),
}
