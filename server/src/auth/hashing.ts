import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { fail } from '@atrium/platform'

export interface Hashing {
  hash(password: string): Promise<string>
  verify(hash: string, password: string): Promise<boolean>
  close(): Promise<void>
}
export interface Task {
  id: number
  password: string
  /** What to compare with; without it the password is hashed. */
  hash?: string
}
type Answer = { id: number; result: string | boolean } | { id: number; error: string }
interface Job extends Task {
  resolve: (result: any) => void
  reject: (error: Error) => void
}

/** Somebody who waits longer than a few seconds tries again, and makes it worse: beyond this many they are told so. */
const maxWaiting = 200
/** A thread holds some 10 MiB. Most hours nobody signs in. */
const usualIdleMs = 60_000

/**
 * argon2id in threads of its own, one core fewer than there are: however many sign in, the chat goes on. They start with
 * the first password and end when nobody has signed in for a minute.
 */
export function hashingPool(size = Math.max(1, availableParallelism() - 1), idleMs = usualIdleMs): Hashing {
  const waiting: Job[] = []
  const threads = new Set<Thread>()
  let lastId = 0
  let isClosed = false

  interface Thread {
    worker: Worker
    job: Job | undefined
    idle: NodeJS.Timeout | undefined
  }

  function start(): Thread {
    const thread: Thread = { worker: new Worker(new URL('./hashing.worker.ts', import.meta.url)), job: undefined, idle: undefined }
    thread.worker.unref()
    thread.worker.on('message', (answer: Answer) => {
      const { job } = thread
      thread.job = undefined
      if ('error' in answer) job?.reject(new Error(answer.error))
      else job?.resolve(answer.result)
      next(thread)
    })
    thread.worker.on('error', (error) => thread.job?.reject(error))
    thread.worker.on('exit', () => {
      threads.delete(thread)
      thread.job?.reject(new Error('The thread that hashes passwords ended.'))
      assign()
    })
    threads.add(thread)
    return thread
  }

  function next(thread: Thread): void {
    const job = waiting.shift()
    if (!job) {
      thread.worker.unref()
      thread.idle = setTimeout(() => end(thread), idleMs).unref()
      return
    }
    clearTimeout(thread.idle)
    thread.job = job
    // While somebody waits for an answer the process may not end for want of other work.
    thread.worker.ref()
    thread.worker.postMessage({ id: job.id, password: job.password, ...(job.hash === undefined ? {} : { hash: job.hash }) } satisfies Task)
  }

  /** Whoever comes from now on gets another: work given to a thread that is ending would end with it. */
  function end(thread: Thread): void {
    threads.delete(thread)
    void thread.worker.terminate()
  }

  function assign(): void {
    if (waiting.length === 0 || isClosed) return
    const free = [...threads].find((thread) => thread.job === undefined) ?? (threads.size < size ? start() : undefined)
    if (free) next(free)
  }

  function run<T>(task: Omit<Task, 'id'>): Promise<T> {
    if (isClosed || waiting.length >= maxWaiting) return Promise.reject(fail('unavailable', 'unavailable', { retryAfterMs: 2_000 }))
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    waiting.push({ ...task, id: ++lastId, resolve, reject })
    assign()
    return promise
  }

  return {
    hash: (password) => run<string>({ password: password.normalize('NFKC') }),
    verify: (hash, password) => run<boolean>({ password: password.normalize('NFKC'), hash }),
    async close() {
      isClosed = true
      for (const job of waiting.splice(0)) job.reject(fail('unavailable', 'unavailable'))
      await Promise.all([...threads].map(({ worker }) => worker.terminate()))
    },
  }
}
