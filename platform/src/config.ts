import { availableParallelism, homedir, hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { contradictions } from './config.rules.ts'

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
const secret = z.registry<{ isSecret: true }>()

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
type Settings = z.output<typeof Environment>

const options = {
  port: { type: 'string' },
  host: { type: 'string' },
  data: { type: 'string' },
  tls: { type: 'boolean' },
  demo: { type: 'boolean' },
  dev: { type: 'boolean' },
} as const

/** What a process was told, checked and frozen. It is passed down; nothing else reads the environment. */
export interface Config {
  port: number
  host: string
  /** Absolute. */
  dataDir: string
  /** What was downloaded or built for this machine: outside the checkout and the data, and made anew when it is missing. */
  cacheDir: string
  webDir: string
  origin: string | null
  /** Where people find the source of this hub: an address, or a path of ours. */
  source: string
  services: readonly ServiceName[]
  /** The name of this process among those of one hub. */
  node: string
  /** Where the others reach it, if that is not where it listens. */
  nodeUrl: string | null
  trustedProxies: readonly string[]
  tls: { kind: 'none' } | { kind: 'local' } | { kind: 'given'; certFile: string; keyFile: string }
  databaseUrl: string | null
  databaseConnections: number
  redisUrl: string | null
  s3Url: string | null
  /** What each person may keep in files. */
  quotaBytes: number
  smtpUrl: string | null
  mailFrom: string
  metricsFrom: readonly string[]
  /** Where meetings may be streamed to besides public addresses. */
  streamTo: readonly string[]
  media: {
    /** The media worker's program, where it was named. */
    program: string | null
    workers: number
    /** Of the first worker; null: the usual ones, if they are free. */
    firstPort: number | null
    announced: readonly string[]
    turnUrls: readonly string[]
    turnSecret: string | null
  }
  logLevel: Settings['ATRIUM_LOG_LEVEL']
  isTracing: boolean
  /** `--demo`: fill in a sample organisation. */
  isDemo: boolean
  /** `--dev`: the client is served by its build tool, with hot reload. */
  isDev: boolean
}

/** A setting that cannot be followed. The message is the sentence that fixes it. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/** Reads the environment and the command line once, at the very start. Arguments win. */
export function configFrom(env: Record<string, string | undefined> = process.env, args: string[] = process.argv.slice(2)): Config {
  const settings = settingsFrom(env, args)
  const flags = flagsFrom(args)
  const { ATRIUM_HOST: host, TLS_CERT: cert, TLS_KEY: key } = settings
  const port = settings.ATRIUM_PORT
  const config: Config = {
    port,
    host,
    dataDir: resolve(settings.ATRIUM_DATA),
    cacheDir: join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'atrium'),
    webDir: resolve(settings.ATRIUM_WEB),
    origin: settings.ATRIUM_ORIGIN ?? null,
    source: settings.ATRIUM_SOURCE,
    services: settings.ATRIUM_SERVICES,
    node: settings.ATRIUM_NODE ?? `${machineName()}-${port || process.pid}`,
    nodeUrl: settings.ATRIUM_NODE_URL ?? null,
    trustedProxies: settings.ATRIUM_TRUSTED_PROXIES,
    tls: cert && key ? { kind: 'given', certFile: resolve(cert), keyFile: resolve(key) } : { kind: settings.ATRIUM_TLS ? 'local' : 'none' },
    databaseUrl: settings.DATABASE_URL ?? null,
    databaseConnections: settings.ATRIUM_DATABASE_CONNECTIONS,
    redisUrl: settings.REDIS_URL ?? null,
    s3Url: settings.S3_URL ?? null,
    quotaBytes: inBytes(settings.ATRIUM_QUOTA),
    smtpUrl: settings.SMTP_URL ?? null,
    mailFrom: settings.ATRIUM_MAIL_FROM ?? 'Atrium <atrium@localhost>',
    metricsFrom: settings.ATRIUM_METRICS_FROM,
    streamTo: settings.ATRIUM_STREAM_TO,
    media: {
      program: settings.MEDIASOUP_WORKER_BIN ? resolve(settings.MEDIASOUP_WORKER_BIN) : null,
      workers: settings.ATRIUM_MEDIA_WORKERS ?? availableParallelism(),
      // Whoever takes any port for the pages, as tests do, gets any for media.
      firstPort: settings.ATRIUM_MEDIA_PORTS ?? (port === 0 ? 0 : null),
      announced: settings.ATRIUM_ANNOUNCED,
      turnUrls: settings.ATRIUM_TURN_URLS,
      turnSecret: settings.ATRIUM_TURN_SECRET ?? null,
    },
    logLevel: settings.ATRIUM_LOG_LEVEL,
    isTracing: settings.ATRIUM_TRACE,
    isDemo: flags.demo ?? false,
    isDev: flags.dev ?? false,
  }
  return deepFreeze(config)
}

function settingsFrom(env: Record<string, string | undefined>, args: string[]): Settings {
  const flags = flagsFrom(args)
  const said = Object.fromEntries(
    Object.entries(env).filter(([key, value]) => key in Environment.shape && value !== undefined && value !== ''),
  )
  const given: Record<string, string | undefined> = { ATRIUM_PORT: said['PORT'], ...said }
  if (flags.port !== undefined) given['ATRIUM_PORT'] = flags.port
  if (flags.host !== undefined) given['ATRIUM_HOST'] = flags.host
  if (flags.data !== undefined) given['ATRIUM_DATA'] = flags.data
  if (flags.tls) given['ATRIUM_TLS'] = '1'
  const unknown = Object.keys(env).find((key) => key.startsWith('ATRIUM_') && !(key in Environment.shape) && !isForTests(key))
  if (unknown) throw new ConfigError(`${unknown} is no setting of Atrium. \`npm run config\` lists them.`)

  const settings = Environment.safeParse(given)
  if (!settings.success) {
    const { path, message } = settings.error.issues[0]!
    throw new ConfigError(
      `${String(path[0])} ${message.startsWith('must') ? message : `is wrong: ${message}`}. \`npm run config\` describes it.`,
    )
  }
  const [contradiction] = contradictions(settings.data)
  if (contradiction) throw new ConfigError(contradiction)
  return settings.data
}

/** Real servers for adapter suites are named by these; a hub started by such a suite inherits them. */
const isForTests = (key: string) => key.startsWith('ATRIUM_TEST_')

function flagsFrom(args: string[]) {
  try {
    return parseArgs({ args, options }).values
  } catch (error) {
    const known = Object.keys(options).map((name) => `--${name}`)
    throw new ConfigError(`${(error as Error).message.split('. ')[0]}. Known are ${known.join(', ')}.`)
  }
}

/** Of `10 GiB` and the like. */
const inBytes = (text: string): number => Math.floor(Number.parseFloat(text) * 1_024 ** ('KMGT'.indexOf(text.at(-3)!) + 1))

const machineName = () =>
  hostname()
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 50) || 'atrium'

function deepFreeze<T extends object>(thing: T): T {
  for (const value of Object.values(thing)) if (typeof value === 'object' && value !== null) deepFreeze(value)
  return Object.freeze(thing)
}

export interface Setting {
  key: string
  value: string
  isSet: boolean
  description: string
}

/** Every setting with the value it has, secrets masked: for `npm run config` and the first lines of the log. */
export function describeSettings(env: Record<string, string | undefined> = process.env, args: string[] = process.argv.slice(2)): Setting[] {
  const settings = settingsFrom(env, args)
  const plain = settingsFrom({}, [])
  return Object.entries(Environment.shape).map(([name, schema]) => {
    const key = name as keyof Settings
    const value = String(settings[key] ?? '')
    return {
      key,
      value: secret.has(schema) ? masked(value) : value,
      isSet: value !== String(plain[key] ?? ''),
      description: schema.description ?? '',
    }
  })
}

/** The same as a table for people. */
export function renderSettings(settings: readonly Setting[]): string {
  const width = (column: 'key' | 'value') => Math.max(...settings.map((setting) => setting[column].length))
  return settings
    .map(
      ({ key, value, isSet, description }) =>
        `${isSet ? '*' : ' '} ${key.padEnd(width('key'))}  ${value.padEnd(width('value'))}  ${description}`,
    )
    .join('\n')
}

/** Keeps of a URL what helps to recognise it. */
function masked(text: string): string {
  const url = URL.parse(text)
  if (!url) return text === '' ? '' : '***'
  if (url.username) url.username = '***'
  if (url.password) url.password = '***'
  for (const key of url.searchParams.keys()) url.searchParams.set(key, '***')
  return url.href
}
