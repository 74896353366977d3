import { parcel, unparcel, type Post } from './packet.ts'

export interface Said<Words = any> {
  words: Words
  parts: Uint8Array[]
}
export interface Answer {
  words: object
  parts?: Uint8Array[]
}
/** An answer that is a function is made when it is sent: nothing can be said between the two. */
export type Verbs = Record<string, (words: any, parts: Uint8Array[]) => Promise<Answer | (() => Answer)>>

/** Questions and answers between two threads, over the same packets as everything else, so in order with it. */
export function asking(post: Post, verbs: Verbs) {
  const waiting = new Map<number, PromiseWithResolvers<Said>>()
  let lastId = 0

  async function answerTo(id: number, bytes: Uint8Array): Promise<void> {
    const { words, parts } = unparcel<{ verb: string }>(bytes)
    const made = await verbs[words.verb]!(words, parts).catch((error: unknown): Answer => ({ words: { failed: String(error) } }))
    const answer = typeof made === 'function' ? made() : made
    post('answer', id, parcel(answer.words, answer.parts))
  }

  return {
    ask<Words>(verb: string, words: object, parts?: readonly Uint8Array[]): Promise<Said<Words>> {
      const id = ++lastId
      const answered = Promise.withResolvers<Said>()
      waiting.set(id, answered)
      post('ask', id, parcel({ ...words, verb }, parts))
      return answered.promise
    },
    asked: (id: number, bytes: Uint8Array) => void answerTo(id, bytes),
    answered(id: number, bytes: Uint8Array): void {
      const question = waiting.get(id)
      waiting.delete(id)
      // What outlives this turn must not hold the whole packet.
      const said = unparcel<{ failed?: string }>(bytes.slice())
      if (said.words.failed === undefined) question?.resolve(said)
      else question?.reject(new Error(said.words.failed))
    },
    /** The other side is gone. */
    giveUp(error: Error): void {
      for (const { reject } of waiting.values()) reject(error)
      waiting.clear()
    },
  }
}
export type Asking = ReturnType<typeof asking>
