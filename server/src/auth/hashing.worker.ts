import { parentPort } from 'node:worker_threads'
import { hashSync, verifySync } from '@node-rs/argon2'
import type { Task } from './hashing.ts'

/** OWASP's argon2id: 19 MiB, two passes, one lane. The kind is argon2id by default. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

parentPort!.on('message', ({ id, password, hash }: Task) => {
  try {
    parentPort!.postMessage({ id, result: hash === undefined ? hashSync(password, cost) : verifySync(hash, password) })
  } catch (error) {
    parentPort!.postMessage({ id, error: String(error) })
  }
})
