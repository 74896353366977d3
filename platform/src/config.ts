import { availableParallelism, homedir, hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Environment, secret, type ServiceName, type Settings } from './config.environment.ts'
import { contradictions } from './config.rules.ts'

export { Environment, serviceNames, type ServiceName } from './config.environment.ts'

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
  /** Keeps the people of the first domain; null: no setting says so. */
  ldapUrl: string | null
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
    ldapUrl: settings.LDAP_URL ?? null,
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
