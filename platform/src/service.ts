import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Blobs } from './blobs/index.ts'
import type { Bus } from './bus/index.ts'
import type { Config } from './config.ts'
import type { Http } from './http.ts'
import type { Jobs } from './jobs.ts'
import type { Log } from './log.ts'
import type { Mail } from './mail/index.ts'
import type { Metrics } from './metrics.ts'
import type { Outgoing } from './outgoing.ts'
import type { Node, Placement } from './placement.ts'
import type { Throttle } from './throttle.ts'
import type { Tickets } from './tickets.ts'
import type { workshop } from './work.ts'

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
  http: Http
  now: () => Date
  /** A new uuid v7. */
  newId: () => string
}

/** A running service. */
export interface Service {
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
