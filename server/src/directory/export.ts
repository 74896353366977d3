/** One part of what the hub keeps of a person: a name and a stream of entries, each of which JSON can hold. */
export interface ExportPart {
  name: string
  of: (accountId: string) => AsyncIterable<unknown>
}

/** An entry with bytes of its own: they follow in it as `content`, in base64. */
export class WithContent {
  readonly entry: object
  readonly open: () => Promise<AsyncIterable<Buffer>>

  constructor(entry: object, open: () => Promise<AsyncIterable<Buffer>>) {
    this.entry = entry
    this.open = open
  }
}

/** Everything, as JSON text in pieces: an object with one list per part. Nobody's whole history is ever in memory. */
export async function* exportOf(accountId: string, exportedAt: Date, parts: readonly ExportPart[]): AsyncGenerator<string> {
  yield `{\n"exportedAt": ${JSON.stringify(exportedAt)}`
  for (const { name, of } of parts) {
    yield `,\n${JSON.stringify(name)}: [`
    let isFirst = true
    for await (const entry of of(accountId)) {
      yield isFirst ? '\n' : ',\n'
      if (entry instanceof WithContent) yield* filled(entry)
      else yield JSON.stringify(entry)
      isFirst = false
    }
    yield ']'
  }
  yield '\n}\n'
}

async function* filled({ entry, open }: WithContent): AsyncGenerator<string> {
  yield `${JSON.stringify({ ...entry, content: '' }).slice(0, -'"}'.length)}`
  // Three bytes are four signs: what is left of a piece waits for the next.
  let rest = Buffer.alloc(0)
  for await (const chunk of await open()) {
    const bytes = Buffer.concat([rest, chunk])
    const whole = bytes.length - (bytes.length % 3)
    yield bytes.toString('base64', 0, whole)
    rest = bytes.subarray(whole)
  }
  yield `${rest.toString('base64')}"}`
}
