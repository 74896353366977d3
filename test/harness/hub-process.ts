import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '@atrium/platform/testing'
import { program, type Program } from '@atrium/infra/servers'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface HubProcess {
  name: string
  port: number
  url: string
  readonly pid: number
  /** Everything it printed, over all its lives. */
  output(): string
  /** Ends it: SIGTERM drains, SIGKILL does not ask. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Ends it and starts it again on the same port and data. */
  restart(signal?: NodeJS.Signals): Promise<void>
  start(): Promise<void>
  /** SIGSTOP and SIGCONT: a process that is there and does nothing. */
  freeze(): void
  thaw(): void
}

export interface HubProcessPlan {
  name: string
  port: number
  /** The entry, from the top of the checkout. */
  main: string
  args?: string[]
  env?: Record<string, string>
}

/** One process of a hub, as somebody would start it by hand. */
export async function hubProcess({ name, port, main, args = [], env = {} }: HubProcessPlan): Promise<HubProcess> {
  const url = `http://127.0.0.1:${port}`
  let life: Program
  let former = ''

  const me: HubProcess = {
    name,
    port,
    url,
    get pid() {
      return life.pid
    },
    output: () => former + life.output(),
    async start() {
      life = await program(name, process.execPath, [main, ...args], {
        cwd: root,
        // Compiled once for all of them, as `npm start` does.
        env: { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compiled'), ATRIUM_PORT: `${port}`, ATRIUM_LOG_LEVEL: 'info', ...env },
        isReady: () => isReady(url),
        patienceMs: 60_000,
      })
    },
    async kill(signal = 'SIGTERM') {
      await life.stop(signal)
      former += life.output()
    },
    async restart(signal) {
      await me.kill(signal)
      await me.start()
    },
    freeze: () => void process.kill(life.pid, 'SIGSTOP'),
    thaw: () => void process.kill(life.pid, 'SIGCONT'),
  }
  await me.start()
  return me
}

/** It says itself that it can serve. */
export async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
    (reply) => reply.ok,
    () => false,
  )
}

/** The one-time link that a hub prints while nobody has set it up. */
export async function setupPath(hubs: HubProcess[]): Promise<string> {
  const [path] = await until('a hub prints the set-up link', () =>
    hubs.map((hub) => /\/setup\/[A-Za-z0-9_-]{43}/.exec(hub.output())).find(Boolean),
  )
  return path
}
