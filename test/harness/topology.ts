import { mkdtemp, rm } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { found, freePort, minio, minioProgram, nginx, postgres, redis, redisProgram } from '@atrium/infra/servers'
import { postmaster, stop as stopPostgres } from '@atrium/platform/db/postgres'
import { hubProcess, setupPath, type HubProcess } from './hub-process.ts'

const here = '127.0.0.1'
export const topologies = ['together', 'apart'] as const
export type TopologyName = (typeof topologies)[number]

/** A running hub, in one process or in many. */
export interface Topology {
  name: TopologyName
  /** Where people open it. */
  url: string
  /** The processes that people's requests reach, one or two. */
  servers: HubProcess[]
  /** All processes of ours. */
  processes: HubProcess[]
  /** `/setup/<token>`, as the hub printed it. */
  setupPath(): Promise<string>
  /** What a suite may take away and give back; together has none of it. */
  outside: { redis: Outside; postgres: Outside; anotherMediaNode(): Promise<HubProcess> } | undefined
  /** Everything that was printed, for a test that failed. */
  output(): string
  stop(): Promise<void>
}

/** A server beside the hub. */
export interface Outside {
  /** Ends it, by the way that is meant: SIGKILL for the worst. */
  stop(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again where it was. */
  start(): Promise<void>
}

export interface TopologyOptions {
  /** Further settings for every process. */
  env?: Record<string, string>
  /** Further settings for one process, by its name: `hub`, or `server-1` and so on. */
  envOf?: (name: string) => Record<string, string>
  /** For the `server` processes, such as `--demo`. */
  args?: string[]
  /** By what people open it: the address of this machine, if nothing is said. */
  host?: string
  /** People open it by other addresses than its own, too, such as those of a bad network: then it is told of none. */
  isOpenedElsewhere?: boolean
  /** Apart: puts something between the hub and its Redis, and answers with the address of that. */
  throughRedis?: (url: string) => Promise<string>
}

/** What this machine lacks for a topology, if anything. */
export function missingFor(name: TopologyName): string | undefined {
  if (name === 'together') return undefined
  return (
    [found('nginx') ? '' : 'nginx', redisProgram() ? '' : 'redis-server', minioProgram() ? '' : 'MinIO'].filter(Boolean).join(', ') ||
    undefined
  )
}

export const topology = (name: TopologyName, options: TopologyOptions = {}): Promise<Topology> =>
  name === 'together' ? together(options) : apart(options)

/** One process that was told nothing: its own PostgreSQL, memory, disk. */
async function together({ env = {}, envOf = () => ({}), args = [], host = here }: TopologyOptions): Promise<Topology> {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-together-'))
  const data = join(folder, 'data')
  process.on('exit', endLeftDatabase)
  const hub = await hubProcess({
    name: 'hub',
    port: await freePort(),
    main: 'server/src/main.ts',
    args: ['--data', data, ...args],
    env: { ...env, ...envOf('hub') },
  })
  return {
    name: 'together',
    url: `http://${host}:${hub.port}`,
    servers: [hub],
    processes: [hub],
    setupPath: () => setupPath([hub]),
    outside: undefined,
    output: hub.output,
    async stop() {
      await hub.kill()
      const left = await postmaster(join(data, 'db'))
      if (left !== undefined) await stopPostgres(join(data, 'db'), left, 'SIGINT')
      process.off('exit', endLeftDatabase)
      await rm(folder, { recursive: true, force: true })
    },
  }

  /** The database outlives a hub that was killed; it must not outlive this process. */
  function endLeftDatabase() {
    try {
      process.kill(Number.parseInt(readFileSync(join(data, 'db/postmaster.pid'), 'utf8'), 10), 'SIGQUIT')
    } catch {
      // There is none: the hub stopped it, or never started it.
    }
  }
}

/** nginx in front of two `server` processes, one `sfu` and one `collab`, on PostgreSQL, Redis and S3. */
async function apart({
  env = {},
  envOf = () => ({}),
  args = [],
  host = here,
  isOpenedElsewhere = false,
  throughRedis = async (url) => url,
}: TopologyOptions): Promise<Topology> {
  type Close = () => Promise<unknown>
  const [front, hubs, ground]: [Close[], Close[], Close[]] = [[], [], []]
  /** All of a storey at once, what stands on it before. */
  const stop = async () => {
    for (const storey of [front, hubs, ground]) await Promise.all(storey.splice(0).map((close) => close()))
  }
  try {
    const folder = await mkdtemp(join(tmpdir(), 'atrium-apart-'))
    const [first, store] = await Promise.all([Promise.all([postgres(), redis()]), minio()])
    let [database, bus] = first
    ground.push(
      () => database.stop(),
      () => bus.stop(),
      () => store.stop(),
      () => rm(folder, { recursive: true, force: true }),
    )

    // Where people open it: as an operator says it, for links and for what other sites are told of us.
    const port = await freePort()
    const url = `http://${host}:${port}`
    const shared = {
      ...(!isOpenedElsewhere && { ATRIUM_ORIGIN: url }),
      ...env,
      DATABASE_URL: await database.database(),
      REDIS_URL: await throughRedis(bus.url),
      S3_URL: await store.bucket(),
      ATRIUM_TRUSTED_PROXIES: '127.0.0.1',
    }
    const start = async (name: string, service: string, own: string[] = []) => {
      const hub = await hubProcess({
        name,
        port: await freePort(),
        main: `${service}/src/main.ts`,
        args: own,
        env: { ...shared, ...envOf(name), ATRIUM_SERVICES: service, ATRIUM_NODE: name, ATRIUM_DATA: join(folder, name) },
      })
      hubs.push(() => hub.kill())
      return hub
    }
    const servers = await Promise.all([start('server-1', 'server', args), start('server-2', 'server')])
    const others = await Promise.all([start('sfu-1', 'sfu'), start('collab-1', 'collab')])
    const proxy = await nginx(
      servers.map((server) => `127.0.0.1:${server.port}`),
      { port },
    )
    front.push(() => proxy.stop())

    const processes = [...servers, ...others]
    return {
      name: 'apart',
      url,
      servers,
      processes,
      setupPath: () => setupPath(servers),
      outside: {
        redis: {
          stop: (signal) => bus.stop(signal),
          start: async () => void (bus = await redis({ port: bus.port })),
        },
        postgres: {
          stop: () => database.stop({ keep: true }),
          start: async () => void (database = await postgres({ folder: database.folder })),
        },
        anotherMediaNode: () => start('sfu-2', 'sfu'),
      },
      output: () => [...processes.map((hub) => `--- ${hub.name}\n${hub.output()}`), `--- nginx\n${proxy.output()}`].join('\n'),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
