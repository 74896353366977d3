import type { Server } from 'node:http'
import type { RequestHandler } from 'express'
import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import manifest from '../package.json' with { type: 'json' }
import type { Blobs } from './blobs/index.ts'
import { sweepBlobs } from './blobs/sweep.ts'
import type { Bus } from './bus/index.ts'
import { newId, now } from './clock.ts'
import { collectWhatLoadingLeft } from './collecting.ts'
import { ConfigError, configFrom, describeSettings, serviceNames, type Config, type ServiceName } from './config.ts'
import { maintain } from './db/maintenance.ts'
import { healthDoors } from './health.ts'
import { openBlobs, openBus, openHubDatabase, openMail, prepareDatabase } from './house.ts'
import { openHttp, type Http } from './http.ts'
import { jobs as openJobs, type Jobs } from './jobs.ts'
import { jsonLog, type Log } from './log.ts'
import type { Mail } from './mail/index.ts'
import { metrics as openMetrics, type Metrics } from './metrics.ts'
import { openOutgoing, type Outgoing } from './outgoing.ts'
import { leases, nodeOf, type Node, type Placement } from './placement.ts'
import { letGo, type Step } from './stopping.ts'
import { throttle as openThrottle, type Throttle } from './throttle.ts'
import { ed25519Tickets, type Tickets } from './tickets.ts'
import { certificateFor } from './tls.ts'
import { tracer, type Tracer } from './trace.ts'
import { workshop } from './work.ts'

/** Everything a service may use of the outside world: opened once per process, handed down, closed by whoever opened it. */
export interface House {
  config: Config
  log: Log
  /** This process among those of the hub, and this run of it. */
  node: Node
  version: string
  /** Whole, for platform code and migrations. Slices get their own tables by `databaseOf`. */
  db: Kysely<any>
  databaseOf: ReturnType<typeof workshop>
  /** Which life of the database this is: a restored backup begins another. */
  epoch: string
  bus: Bus
  blobs: Blobs
  mail: Mail
  outgoing: Outgoing
  jobs: Jobs
  throttle: Throttle
  tickets: Tickets
  placement: Placement
  metrics: Metrics
  span: Tracer
  http: Http
  now: () => Date
  /** A new uuid v7. */
  newId: () => string
}

/** A running service. */
export interface Service {
  /** The hub answers at its port: what nobody needs for the first page may begin. */
  serving?(): void
  /** Takes no more work and ends what it has, by name: clients connect again, to another process or in a moment. */
  drain(): Promise<void>
  /** Lets go of everything. Called after `drain`, and when a start failed half-way. */
  stop(): Promise<void>
  isReady?(): boolean
}

/** What a service's module exports. */
export interface ServiceModule {
  /** Brought to the database before `start`, after the platform's own. Names sort. */
  migrations?: Record<string, Migration>
  start(house: House): Promise<Service>
}
export type ServiceModules = Partial<Record<ServiceName, () => Promise<ServiceModule>>>

export interface RunOptions {
  env?: Record<string, string | undefined>
  args?: string[]
  /** For what is said to people: where to open the hub, how to trust its certificate. Everything else is log. */
  onReady?: (hub: { url: string; advice: string | null; house: House }) => void | Promise<void>
  /** A start that cannot be: the message is the sentence that helps. Without this it is logged. */
  onRefused?: (error: Error) => void
  log?: Log
  /** How long a database that is only just starting is waited for. */
  patienceMs?: number
}

export interface Running {
  house: House
  url: string
  /** How to make browsers trust our certificate, where they do not. */
  advice: string | null
  /** Drains and lets go of everything. */
  stop(): Promise<void>
}

/** A drain ends by then, whatever it still waits for. A little less than what is promised: ending takes time too. */
const stopWithinMs = 14_000
const oneSignalMs = 1_000
const drainWithinMs = 7_000
const closeWithinMs = 6_000
const maintainEveryMs = 3_600_000
const sweepEveryMs = 86_400_000

/** Opens everything and starts the services that the settings name. What was opened is closed again when a later step fails. */
export async function begin(modules: ServiceModules, options: RunOptions = {}): Promise<Running> {
  const { env = undefined, args = undefined } = options
  const config = configFrom(env, args)
  const log = options.log ?? jsonLog(config.logLevel)
  const missing = config.services.find((name) => !modules[name])
  // Nothing said means all there are: an image of one service has only that one.
  const names = serviceNames.filter((name) => config.services.includes(name) && modules[name])
  if (names.length === 0) throw new ConfigError(`ATRIUM_SERVICES names ${missing}, which this program does not contain.`)
  log.info({
    operation: 'start',
    settings: Object.fromEntries(describeSettings(env, args).flatMap(({ key, value, isSet }) => (isSet ? [[key, value]] : []))),
  })

  const closing: Step[] = []
  const opened = <T>(what: string, thing: T, close: (thing: T) => Promise<unknown>, withinMs = 1_000): T => {
    closing.unshift({ what, withinMs, run: () => close(thing) })
    return thing
  }
  const state = { isServing: false }
  try {
    const { house, services, advice } = await build()
    state.isServing = true
    const url = await house.http.listen()
    for (const service of services) service.serving?.()
    return { house, url, advice, stop: () => stop(house, services) }
  } catch (error) {
    await letGo(closing, closeWithinMs, log)
    throw error
  }

  async function build() {
    // While the database starts, which is another process.
    const loading = Promise.all(names.map((name) => modules[name]!()))
    loading.catch(() => undefined)
    const certificate = await certificateFor({ config, log, now })
    const lost = (error: Error) => {
      log.error({ operation: 'database', error }, 'The embedded database is lost: another hub may have it by now.')
      process.kill(process.pid, 'SIGTERM')
    }
    const { db } = opened('the database', await openHubDatabase(config, log, lost), (database) => database.close(), 5_000)
    const loaded = await loading
    await prepareDatabase(db, Object.assign({}, ...loaded.map((module) => module.migrations)), options.patienceMs)

    const services: Service[] = []
    const { id: epoch } = await db.selectFrom('epoch').select('id').executeTakeFirstOrThrow()
    const node = nodeOf(config.node)
    const metrics = openMetrics()
    const span = tracer(log, config.isTracing)
    const bus = opened('the bus', await openBus(config, log, metrics, span), (one) => one.close())
    const blobs = opened('the blobs', await openBlobs(config), (one) => one.close())
    const mail = opened('the mail', await openMail(config, { db, now, newId }), (one) => one.close())
    const http = opened('the port', openHttp({ config, log, certificate, pages: developing(config) }), (one) => one.close(1_000), 2_000)
    healthDoors({
      http,
      db,
      bus,
      metrics,
      config,
      isServing: () => state.isServing && services.every((service) => service.isReady?.() ?? true),
    })
    const jobs = opened('the jobs', openJobs({ db, bus, log, span }), (one) => one.drain(), 2_000)
    jobs.every('platform.maintain', maintainEveryMs, () => maintain(db))
    jobs.every('blobs.sweep', sweepEveryMs, async () => void (await sweepBlobs({ db, blobs, log, metrics, now })))

    const house: House = {
      config,
      log,
      node,
      version: manifest.version,
      db,
      databaseOf: workshop(db, bus),
      epoch,
      bus,
      blobs,
      mail,
      outgoing: openOutgoing(),
      jobs,
      throttle: openThrottle(db),
      tickets: ed25519Tickets({ db, node, now, newId }),
      placement: leases(db),
      metrics,
      span,
      http,
      now,
      newId,
    }
    for (const [n, module] of loaded.entries()) {
      const name = names[n]!
      services.push(opened(`the service ${name}`, await module.start({ ...house, log: log.of(name) }), (one) => one.stop(), 2_000))
    }
    return { house, services, advice: certificate?.advice ?? null }
  }

  async function stop({ http, jobs }: House, services: Service[]): Promise<void> {
    state.isServing = false
    http.drain()
    const drains = services.map((service, n) => ({ what: `the drain of ${names[n]}`, run: () => service.drain(), withinMs: 4_000 }))
    const work = { what: 'the jobs under way', run: () => jobs.drain(), withinMs: 2_000 }
    await letGo([...drains.toReversed(), work], drainWithinMs, log)
    await letGo(closing.splice(0), closeWithinMs, log)
  }
}

const developing = (config: Config): ((server: Server) => Promise<RequestHandler>) | undefined =>
  config.isDev ? async (server) => (await import('./pages.dev.ts')).developmentPages(config.webDir, server) : undefined

/**
 * The life of a process: begins, says so, and on SIGTERM or SIGINT drains within 15 s, even if nothing it depends on
 * answers. A second signal, by somebody who will not wait, ends it at once.
 */
export async function run(modules: ServiceModules, options: RunOptions = {}): Promise<void> {
  let running: Running | undefined
  let stoppingSince: number | undefined
  const starting = begin(modules, options)

  const stop = async (signal: string) => {
    // Ctrl-C reaches the whole process group, and npm passes it on besides: what comes together is one signal.
    if (stoppingSince !== undefined) return performance.now() - stoppingSince > oneSignalMs ? process.exit(1) : undefined
    stoppingSince = performance.now()
    // Not unref'd, and first: whatever hangs below, this does not.
    setTimeout(() => process.exit(1), stopWithinMs)
    running ??= await starting.catch(() => undefined)
    running?.house.log.info({ operation: 'stop' }, `${signal}: draining.`)
    await running?.stop()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal))

  try {
    running = await starting
  } catch (error) {
    refuse(error as Error, options)
    process.exit(1)
  }
  const { house, url } = running
  house.log.info({ operation: 'start', ms: performance.now() }, `Serving ${house.config.services.join(', ')} at ${url}.`)
  await options.onReady?.({ url, advice: running.advice, house })
  collectWhatLoadingLeft()
}

function refuse(error: Error, { onRefused, log = jsonLog('info') }: RunOptions): void {
  if (onRefused) onRefused(error)
  else log.error({ operation: 'start', error }, error.message)
}
