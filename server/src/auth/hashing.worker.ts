import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { hashSync, verifySync } from '@node-rs/argon2'
import type { Task } from './hashing.ts'

/** OWASP's argon2id: 19 MiB, two passes, one lane. The kind is argon2id by default. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** A third of what others get where they compete, and all where nobody does: low enough to give way, and still soon done. */
const behindOthers = 5
// A hash takes a processor for longer than the rest of a sign-in: whoever else has something to do goes first. Linux gives each
// thread its own priority, and says in this link which one reads it; elsewhere it would be the whole hub's.
if (process.platform === 'linux')
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), behindOthers)
  } catch {
    // Where that is forbidden passwords are hashed as fast, and others wait a little longer.
  }

parentPort!.on('message', ({ id, password, hash }: Task) => {
  try {
    parentPort!.postMessage({ id, result: hash === undefined ? hashSync(password, cost) : verifySync(hash, password) })
  } catch (error) {
    parentPort!.postMessage({ id, error: String(error) })
  }
})
