import { createTransport } from 'nodemailer'
import { fail } from '../errors.ts'
import type { Mail } from './index.ts'

function transportTo(url: string) {
  const { protocol, hostname, port, username, password } = new URL(url)
  return createTransport({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || (protocol === 'smtps:' ? 465 : 587),
    secure: protocol === 'smtps:',
    ...(username && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    pool: true,
    maxConnections: 2,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
    // A letter's content comes from people: it must not make us read files or open addresses.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}

/** Connects and signs in, without a letter. Throws what is wrong. */
export async function tryMailServer(url: string): Promise<void> {
  const transport = transportTo(url)
  await transport.verify().finally(() => transport.close())
}

/** Hands letters to a mail server: `smtp(s)://[user:password@]host[:port]`. Plain connections are upgraded where the server can. */
export function smtp({ url, from }: { url: string; from: string }): Mail {
  const transport = transportTo(url)
  return {
    kind: 'smtp',
    async send({ id, to, subject, text, html }) {
      try {
        await transport.sendMail({
          from,
          to: { address: to, name: '' },
          subject,
          text,
          ...(html !== undefined && { html }),
          // RFC 5322 3.6.4: mail servers and programs keep one of two letters with the same name.
          ...(id !== undefined && { messageId: `<${id}@${hostOf(from)}>` }),
          headers: { 'Auto-Submitted': 'auto-generated' },
        })
      } catch (error) {
        // Permanent refusals (5xx) are ours to repair; a job that repeats them would only annoy the other side.
        if (isPermanent(error)) throw error
        throw fail('unavailable', 'unavailable')
      }
    },
    async close() {
      transport.close()
    },
  }
}

const hostOf = (address: string): string => /@([^@>\s]+)>?\s*$/.exec(address)?.[1] ?? 'localhost'
const isPermanent = (error: unknown): boolean => {
  const code = (error as { responseCode?: unknown }).responseCode
  return typeof code === 'number' && code >= 500
}
