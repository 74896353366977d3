import { PostgresDialect, Transaction, type KyselyProps } from 'kysely'

// A transaction needs these to be made, and never uses them: its connection is there already.
const dialect = new PostgresDialect({ pool: () => Promise.reject(new Error('A transaction has its connection.')) })
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
