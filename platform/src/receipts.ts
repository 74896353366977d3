import { sql, type Kysely, type Transaction } from 'kysely'
import { behind } from './db/open.ts'
import { fail } from './errors.ts'

/** A command as its repetition will be known by: the same person, the same `clientId`, and the same input. */
export interface Receipt {
  accountId: string
  clientId: string
  operation: string
  inputHash: string
  /** Its output is a secret that is shown once, so it is not kept. */
  isSecret: boolean
  /** There is one receipt, so there is one unit of work. What the handler left running when it is over is not part of it. */
  state: 'open' | 'taken' | 'over'
}

const receiptDays = 15

/**
 * Takes the place of a receipt in the unit's transaction. Whoever repeats the command meanwhile, on whatever connection,
 * waits here until we commit. Resolves to the output that was kept if the command has run before.
 */
export async function takeReceipt(tx: Transaction<any>, receipt: Receipt): Promise<{ output: unknown } | undefined> {
  const { accountId, clientId, operation, inputHash } = receipt
  const { rows: taken } = await sql`
    insert into receipt (account_id, client_id, operation, input_hash) values (${accountId}, ${clientId}, ${operation}, ${inputHash})
    on conflict do nothing returning 1`.execute(tx)
  if (taken.length > 0) return undefined

  const { rows } = await sql<{ operation: string; inputHash: string; output: unknown }>`
    select operation, input_hash, output from receipt where account_id = ${accountId} and client_id = ${clientId}`.execute(tx)
  const kept = rows[0]
  if (kept?.operation !== operation || kept.inputHash !== inputHash) throw fail('conflict', 'clientIdReused')
  if (receipt.isSecret) throw fail('conflict', 'conflict')
  return { output: kept.output }
}

/** Writes what the commands answered, for the day they are repeated. */
export async function keepOutputs(tx: Transaction<any>, kept: { receipt: Receipt; result: unknown }[]): Promise<void> {
  const answers = kept.filter(({ receipt, result }) => !receipt.isSecret && result !== undefined)
  if (answers.length === 0) return
  await sql`${behind}
    update receipt set output = answer.output
    from unnest(${answers.map(({ receipt }) => receipt.accountId)}::uuid[], ${answers.map(({ receipt }) => receipt.clientId)}::uuid[],
      ${answers.map(({ result }) => JSON.stringify(result))}::jsonb[]) as answer (account_id, client_id, output)
    where receipt.account_id = answer.account_id and receipt.client_id = answer.client_id`.execute(tx)
}

/** What their commands were answered may name what is forgotten with them, and they repeat none any more. */
export async function forgetReceiptsOf(tx: Transaction<any>, accountId: string): Promise<void> {
  await sql`delete from receipt where account_id = ${accountId}`.execute(tx)
}

/** For a maintenance job: forgets what nobody will repeat any more. */
export async function forgetReceipts(db: Kysely<any>): Promise<void> {
  await sql`delete from receipt where at < now() - make_interval(days => ${receiptDays})`.execute(db)
}
