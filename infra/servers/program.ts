import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Program {
  pid: number
  /** What it printed so far. */
  output(): string
  hasEnded(): boolean
  /** Resolves when it has ended, by whatever. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** Asks it to end and waits; what does not go within the patience is killed. */
  stop(signal?: NodeJS.Signals, patienceMs?: number): Promise<void>
}

export interface ProgramOptions {
  env?: Record<string, string>
  cwd?: string
  /** Looked at until it is true: the program serves. */
  isReady: (program: Program) => boolean | Promise<boolean>
  patienceMs?: number
}

/** What still runs; ended with this process, so that a test that fails leaves nothing behind. */
const running = new Set<number>()
process.on('exit', () => {
  for (const pid of running) kill(pid, 'SIGKILL')
})

/** Starts a program in the foreground and waits until it serves. */
export async function program(name: string, command: string, args: string[], options: ProgramOptions): Promise<Program> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...plainEnvironment(), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (printed = (printed + text).slice(-200_000)))
  let failure: Error | undefined
  child.once('error', (error) => (failure = error))
  const { pid } = child
  if (pid === undefined) {
    await once(child, 'error').catch(() => {})
    throw new Error(`${name} does not start: ${failure?.message ?? command}`)
  }
  running.add(pid)
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(pid)
      resolve({ code, signal })
    })
  })
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const me: Program = {
    pid,
    output: () => printed,
    hasEnded,
    ended,
    async stop(signal = 'SIGTERM', patienceMs = 20_000) {
      if (!hasEnded()) kill(pid, signal)
      const impatience = setTimeout(() => kill(pid, 'SIGKILL'), patienceMs)
      await ended
      clearTimeout(impatience)
    },
  }
  const patienceMs = options.patienceMs ?? 30_000
  for (const end = Date.now() + patienceMs; !(await options.isReady(me)); await sleep(10)) {
    if (hasEnded()) throw new Error(`${name} ended instead of serving:\n${printed}`)
    if (Date.now() < end) continue
    await me.stop('SIGKILL')
    throw new Error(`${name} did not serve within ${patienceMs} ms:\n${printed}`)
  }
  return me
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Our environment without what would set up a hub: a test says all of that itself. */
export function plainEnvironment(): Record<string, string> {
  const ours = /^(ATRIUM_.*|PORT|DATABASE_URL|REDIS_URL|S3_URL|SMTP_URL|TLS_CERT|TLS_KEY|NODE_OPTIONS|VITEST.*|npm_.*)$/
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => !ours.test(entry[0]) && entry[1] !== undefined),
  )
}

/** Below the ports that a system gives to whoever connects somewhere, and in every process others. */
const [lowest, highest] = [10_100, 32_000]
let last = lowest + ((process.pid * 101) % (highest - lowest))

/** A port of the loopback address that is free, and stays so until it is listened on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = (last = last < highest ? last + 1 : lowest)
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
