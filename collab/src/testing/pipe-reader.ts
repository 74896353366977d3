import { workerData } from 'node:worker_threads'
import { pipeFrom, type Pipe } from '../pipe.ts'

// The other end of a pipe, in a thread of its own: counts what it hears, and is busy with some of it.
const { pipe, heard, everyMs } = workerData as { pipe: Pipe; heard: Int32Array; everyMs: number }
pipeFrom(
  pipe,
  () => {
    if (Atomics.add(heard, 0, 1) % 6 !== 1) return
    for (const until = performance.now() + 0.15; performance.now() < until;);
  },
  everyMs,
)
