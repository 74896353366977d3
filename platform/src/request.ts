import { AsyncLocalStorage } from 'node:async_hooks'
import type { Receipt } from './receipts.ts'
import type { Witness } from './witness.ts'

/** What is known of the operation under way, wherever in the code it is. */
export interface Request {
  id: string
  /** Of a command whose repetition is answered from what the first run kept. */
  receipt?: Receipt | undefined
  /** Of an administrative command. */
  witness?: Witness | undefined
}

const storage = new AsyncLocalStorage<Request>()

export const inRequest = <T>(request: Request, run: () => T): T => storage.run(request, run)
export const currentRequest = (): Request | undefined => storage.getStore()
