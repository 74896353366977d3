/** A stream that is read in pieces of known length. At its end it gives what is left: half a picture is still shown. */
export class Source {
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(content: AsyncIterable<Buffer>) {
    this.#chunks = content[Symbol.asyncIterator]()
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next()
    if (!done) this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value])
    return !done
  }

  /** What comes next, still to be taken. */
  async peek(bytes: number): Promise<Buffer> {
    while (this.#rest.length < bytes && (await this.#more()));
    return this.#rest.subarray(0, bytes)
  }

  async take(bytes: number): Promise<Buffer> {
    const taken = await this.peek(bytes)
    this.#rest = this.#rest.subarray(taken.length)
    return taken
  }

  /** For what is too long to be held at once. */
  async *pass(bytes: number): AsyncGenerator<Buffer> {
    for (let left = bytes; left > 0;) {
      if (this.#rest.length === 0 && !(await this.#more())) return
      const taken = this.#rest.subarray(0, left)
      this.#rest = this.#rest.subarray(taken.length)
      left -= taken.length
      yield taken
    }
  }

  /** All up to the next place of this byte, which itself stays. */
  async *passUntil(byte: number): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.#rest.indexOf(byte)
      const taken = at < 0 ? this.#rest : this.#rest.subarray(0, at)
      this.#rest = this.#rest.subarray(taken.length)
      if (taken.length > 0) yield taken
      if (at >= 0 || !(await this.#more())) return
    }
  }

  skip(bytes: number): Promise<void> {
    return drained(this.pass(bytes))
  }
  skipUntil(byte: number): Promise<void> {
    return drained(this.passUntil(byte))
  }

  /** Lets go of the stream too: whoever sends more than a picture is not listened to for ever. */
  async close(): Promise<void> {
    await this.#chunks.return?.()
  }
}

async function drained(pieces: AsyncGenerator<unknown>): Promise<void> {
  while (!(await pieces.next()).done);
}
