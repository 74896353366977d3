import { join } from 'node:path'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'

export const serviceNames = ['server', 'sfu', 'collab'] as const
export type ServiceName = (typeof serviceNames)[number]

const list = (text: string) => text.split(/[\s,]+/).filter((word) => word !== '')
const isNetwork = (text: string) => ipaddr.isValidCIDR(text) || ipaddr.isValid(text)
const networks = z
  .string()
  .transform(list)
  .refine((all) => all.every(isNetwork), 'must be addresses or networks such as 10.0.0.0/8, separated by commas')
const url = (...protocols: string[]) =>
  z
    .string()
    .refine(
      (text) => protocols.includes(URL.parse(text)?.protocol.slice(0, -1) ?? ''),
      `must be a URL that begins with ${protocols.map((p) => `${p}://`).join(' or ')}`,
    )
const yes = z.enum(['0', '1', 'false', 'true', 'no', 'yes']).transform((word) => ['1', 'true', 'yes'].includes(word))
/** What is never shown. */
export const secret = z.registry<{ isSecret: true }>()

/** Every key that the environment may set. The description is what `npm run config` shows. */
export const Environment = z.object({
  ATRIUM_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(3000)
    .describe('The one port everything is served on. 0 takes a free one.'),
  PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe('The same, as platforms that start programs call it. ATRIUM_PORT wins.'),
  ATRIUM_HOST: z.string().default('127.0.0.1').describe('The address to listen on. 0.0.0.0 opens the hub to the network.'),
  ATRIUM_DATA: z.string().default('data').describe('The folder for everything the hub keeps itself: database, files, certificates.'),
  ATRIUM_WEB: z
    .string()
    .default(join(import.meta.dirname, '../../web/build'))
    .describe('The folder with the built web client.'),
  ATRIUM_ORIGIN: z
    .string()
    .refine(
      (text) => ['http:', 'https:'].includes(URL.parse(text)?.protocol ?? '') && URL.parse(text)?.origin === text,
      'must be an origin such as https://hub.example.org, without a path',
    )
    .optional()
    .describe('Where people open the hub, such as https://hub.example.org. Without it: whatever address of this machine they use.'),
  ATRIUM_SOURCE: url('http', 'https')
    .default('/source')
    .describe('Where the source of this very hub can be had, as its licence demands. Without it: from the hub itself.'),
  ATRIUM_SERVICES: z
    .string()
    .transform(list)
    .pipe(z.array(z.enum(serviceNames)).min(1))
    .default([...serviceNames])
    .describe(`Which services this process runs: any of ${serviceNames.join(', ')}.`),
  ATRIUM_NODE: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{0,62}$/, 'must be 1 to 63 of a–z, 0–9, dot and hyphen')
    .optional()
    .describe('The name of this process among those of one hub. Without it: machine and port.'),
  ATRIUM_NODE_URL: url('http', 'https')
    .optional()
    .describe('Where the other processes of one hub reach this one, such as http://collab-1:3000. Without it: where it listens.'),
  ATRIUM_TRUSTED_PROXIES: networks.default([]).describe('Addresses of the proxies whose X-Forwarded-* headers are believed.'),
  ATRIUM_TLS: yes.default(false).describe('Serve HTTPS with a certificate from a local authority, made in the data folder.'),
  TLS_CERT: z.string().optional().describe('The certificate to serve HTTPS with: a PEM file, read again when it changes.'),
  TLS_KEY: z.string().optional().describe('The key of TLS_CERT: a PEM file.'),
  DATABASE_URL: url('postgres', 'postgresql')
    .optional()
    .describe('PostgreSQL 16 or newer. Without it: the one that npm brought, in the data folder.')
    .register(secret, { isSecret: true }),
  ATRIUM_DATABASE_CONNECTIONS: z.coerce
    .number()
    .int()
    .min(2)
    .max(200)
    .default(10)
    .describe('How many connections this process holds to the database at most.'),
  REDIS_URL: url('redis', 'rediss')
    .optional()
    .describe('Redis, to join several processes to one hub. Without it: this process is the hub.')
    .register(secret, { isSecret: true }),
  S3_URL: url('http', 'https')
    .refine((text) => {
      const { username, password, pathname } = new URL(text)
      return username !== '' && password !== '' && /^\/[^/]+\/?$/.test(pathname)
    }, 'must name key, secret and bucket: https://key:secret@host/bucket')
    .optional()
    .describe('Where files lie: http(s)://key:secret@host[:port]/bucket[?region=…]. Without it: the data folder.')
    .register(secret, { isSecret: true }),
  ATRIUM_QUOTA: z
    .string()
    .regex(/^\d+(\.\d+)? ?[KMGT]iB$/, 'must be a number with KiB, MiB, GiB or TiB')
    .default('10 GiB')
    .describe('How much each person may keep in files, older versions and the trash included.'),
  SMTP_URL: url('smtp', 'smtps')
    .optional()
    .describe('The mail server: smtp(s)://[user:password@]host[:port]. Without it: an outbox that administrators read.')
    .register(secret, { isSecret: true }),
  LDAP_URL: url('ldap', 'ldaps')
    .refine((text) => new URL(text).pathname.length > 1, 'must name where people are kept: ldap://host/dc=example,dc=org')
    .optional()
    .describe(
      'LDAP as the directory of the first domain: ldap(s)://[dn:password@]host/base[?preset=zimbra|activedirectory]. Also in the administration.',
    )
    .register(secret, { isSecret: true }),
  ATRIUM_MAIL_FROM: z.string().optional().describe('The sender of our mails, such as Atrium <hub@example.org>.'),
  MEDIASOUP_WORKER_BIN: z
    .string()
    .optional()
    .describe('The program that carries sound and pictures. Without it: one is downloaded or built, once, and kept outside the checkout.'),
  ATRIUM_MEDIA_WORKERS: z.coerce
    .number()
    .int()
    .min(1)
    .max(128)
    .optional()
    .describe('How many media workers may run. Without it: one for each core.'),
  ATRIUM_MEDIA_PORTS: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_000)
    .optional()
    .describe(
      'The port of the first media worker, UDP and TCP; each further one has the next. Without it: 40000, or free ones. 0 takes free ones.',
    ),
  ATRIUM_ANNOUNCED: z
    .string()
    .transform(list)
    .pipe(z.array(z.string().regex(/^[A-Za-z0-9:.-]{1,253}$/, 'must be addresses or host names, separated by commas')).max(8))
    .default([])
    .describe(
      'The addresses by which browsers reach the media ports, such as 203.0.113.5. Without it: those of this machine on which it listens.',
    ),
  ATRIUM_TURN_URLS: z
    .string()
    .transform(list)
    .pipe(
      z.array(z.string().regex(/^(turns?|stuns?):[^\s]+$/, 'must be addresses such as turn:turn.example.org:3478, separated by commas')),
    )
    .default([])
    .describe('Relays for people behind narrow firewalls, such as turn:turn.example.org:3478, turns:turn.example.org:443.'),
  ATRIUM_TURN_SECRET: z
    .string()
    .min(8, 'must have at least 8 characters')
    .optional()
    .describe('What the relays know as static-auth-secret: passwords for them are made of it, each good for a day.')
    .register(secret, { isSecret: true }),
  ATRIUM_METRICS_FROM: networks.default(['127.0.0.0/8', '::1/128']).describe('Who may read /metrics: addresses or networks.'),
  ATRIUM_STREAM_TO: networks
    .default([])
    .describe('Addresses or networks that meetings may be streamed to besides public ones, such as 10.1.2.3.'),
  ATRIUM_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('What is logged: this and what is more serious.'),
  ATRIUM_TRACE: yes.default(false).describe('Log a line for every span: operations, calls between services, jobs, statements.'),
})
export type Settings = z.output<typeof Environment>
