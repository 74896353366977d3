import { Kysely, PostgresDialect, Transaction, type KyselyProps, type QueryExecutorProvider } from 'kysely'

// Whoever has a connection needs these to be made, and never uses them.
const dialect = new PostgresDialect({ pool: () => Promise.reject(new Error('There is a connection already.')) })
const unused: Omit<KyselyProps, 'executor'> = { config: { dialect }, dialect, driver: dialect.createDriver() }

/**
 * The same transaction without Kysely's queue, which waits for each answer before it sends the next statement: what is asked
 * together is sent together, and answered in that order.
 */
export async function pipelined<Tables>(tx: Transaction<Tables>): Promise<Transaction<Tables>> {
  const executor = tx.getExecutor()
  const connection = await executor.provideConnection(async (mine) => mine)
  return new Transaction<Tables>({
    ...unused,
    executor: executor.withConnectionProvider({ provideConnection: (consumer) => consumer(connection) }),
  })
}

/**
 * Questions that wait for nothing of one another, outside of a transaction: on one connection, sent in one go, answered in that
 * order. Each sees what was committed when it is its turn.
 */
export function inOneGo<Tables, Asked extends readonly Promise<unknown>[] | []>(
  db: QueryExecutorProvider,
  ask: (at: Kysely<Tables>) => Asked,
): Promise<{ -readonly [K in keyof Asked]: Awaited<Asked[K]> }> {
  const executor = db.getExecutor()
  return executor.provideConnection(async (connection) => {
    const here = executor.withConnectionProvider({ provideConnection: (consumer) => consumer(connection) })
    const asked = ask(new Kysely<Tables>({ ...unused, executor: here }))
    // After one that failed the others are still to be answered: then the connection is somebody else's.
    await Promise.allSettled(asked)
    return Promise.all(asked)
  })
}
