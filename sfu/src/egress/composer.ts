import { fork } from 'node:child_process'
import { tmpdir } from 'node:os'
import type { Log } from '@atrium/platform'
import type { Order, Said } from './orders.ts'

/** The process that composes one meeting. */
export interface Composer {
  pid: number
  /** Where it hears packets of the media worker, on loopback. */
  port: number
  tell(order: Order): void
  /** Whole: all that was to be written is. */
  ended: Promise<{ isWhole: boolean }>
  /** Ends it, in order if that goes. */
  stop(): void
}

const beginWithinMs = 20_000
const endWithinMs = 8_000
const mostSaid = 2_000

/** Starts one. `folder`: where what it needs was installed. It is told nothing of our settings, which hold secrets. */
export async function compose(folder: string, log: Log, hear: (said: Said) => void): Promise<Composer> {
  const child = fork(new URL('main.ts', import.meta.url), [folder], {
    // Each live target may hold a thread for as long as it takes nothing.
    env: { TMPDIR: tmpdir(), UV_THREADPOOL_SIZE: '8' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
  })
  let complaint = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-mostSaid)))
  let isWhole = false
  const ended = new Promise<{ isWhole: boolean }>((resolve) => {
    child.once('close', (code, signal) => {
      if (!isWhole) log.error({ operation: 'recording', exit: code, signal, complaint }, 'What composes a meeting ended before its time.')
      resolve({ isWhole })
    })
  })
  const port = await new Promise<number>((resolve, reject) => {
    const late = setTimeout(() => child.kill('SIGKILL'), beginWithinMs)
    child.on('message', (said: Said) => {
      if (said.is === 'done') isWhole = true
      if (said.is !== 'listening') return hear(said)
      clearTimeout(late)
      resolve(said.port)
    })
    child.once('error', reject)
    void ended.then(() => {
      clearTimeout(late)
      reject(new Error('What composes a meeting did not begin.'))
    })
  })
  const tell = (order: Order) => void (child.connected && child.send(order, () => undefined))
  return {
    pid: child.pid!,
    port,
    tell,
    ended,
    stop() {
      tell({ do: 'stop' })
      const late = setTimeout(() => child.kill('SIGKILL'), endWithinMs)
      void ended.then(() => clearTimeout(late))
    },
  }
}
