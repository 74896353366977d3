import { sql, type CompiledQuery, type QueryExecutorProvider, type RawBuilder } from 'kysely'

/** Where something is put in each time. */
class Slot {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}
type Slots<Given> = { [K in keyof Given]-?: RawBuilder<Given[K]> }

/**
 * A statement whose text never changes, for what is asked often: it is put together once. For a small one that is more work than
 * all else that this side does for it.
 */
export function statement<Given extends object, Row>(
  build: (slots: Slots<Given>) => RawBuilder<Row>,
): (at: QueryExecutorProvider, given: Given) => Promise<Row[]> {
  const slots = new Proxy({} as Slots<Given>, { get: (_, name) => sql.val(new Slot(String(name))) })
  let compiled: CompiledQuery<Row> | undefined

  return async (at, given) => {
    compiled ??= build(slots).compile(at)
    const parameters = compiled.parameters.map((one) => (one instanceof Slot ? given[one.name as keyof Given] : one))
    return (await at.getExecutor().executeQuery<Row>({ ...compiled, parameters })).rows
  }
}
