/** One part of what the hub keeps of a person: a name and a stream of entries, each of which JSON can hold. */
export interface ExportPart {
  name: string
  of: (accountId: string) => AsyncIterable<unknown>
}

/** Everything, as JSON text in pieces: an object with one list per part. Nobody's whole history is ever in memory. */
export async function* exportOf(accountId: string, exportedAt: Date, parts: readonly ExportPart[]): AsyncGenerator<string> {
  yield `{\n"exportedAt": ${JSON.stringify(exportedAt)}`
  for (const { name, of } of parts) {
    yield `,\n${JSON.stringify(name)}: [`
    let isFirst = true
    for await (const entry of of(accountId)) {
      yield `${isFirst ? '\n' : ',\n'}${JSON.stringify(entry)}`
      isFirst = false
    }
    yield ']'
  }
  yield '\n}\n'
}
