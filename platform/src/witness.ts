import { isInUnit, say, type Audited, type Tx } from './unit.ts'
import { currentRequest } from './request.ts'

export type { Audited }

/** Writes down what an administrative command does, in the same unit of work. */
export interface Witness {
  write(tx: Tx, said: readonly Audited[]): Promise<void>
  /** The unit that writes when nobody says anything: the first one. */
  by?: unknown
}

/**
 * For the audit log: what the command does to what, said inside its unit of work by a handler that knows more than its input
 * tells. Without it the entry has the input. Outside of an administrative command nothing is kept of it.
 */
export function audited(said: Audited): void {
  if (currentRequest()?.witness && isInUnit()) say(said)
}
