import type { ErrorCode, Failure, Sentence } from '@atrium/protocol'

/** A refusal we expect and may show to the person. Anything else that is thrown is a bug. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly failure: Failure
  constructor(failure: Failure) {
    super(`${failure.code}: ${failure.key}`)
    this.failure = failure
  }
}

/** `throw fail('not_found', 'chat.noSuchRoom')`: a code for machines, the key of a sentence for people in their language. */
export const fail = (code: ErrorCode, key: Sentence, more: Omit<Failure, 'code' | 'key'> = {}): Refusal =>
  new Refusal({ code, key, ...more })
