import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import { within, type Tx } from './unit.ts'

const nonceBytes = 12
const tagBytes = 16
export const sealingKeyBytes = 32

/** AES-256-GCM: nonce, tag and sealed text in one piece. `about` is bound to it, so that one row's secret opens in no other. */
export function seal(key: Buffer, text: string, about: string): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(about))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
}

/** Throws when it was sealed with another key, about something else, or changed since. */
export function unseal(key: Buffer, sealed: Buffer, about: string): string {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes))
  decipher.setAAD(Buffer.from(about)).setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes))
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8')
}

interface Sealing {
  sealingKey: { isOnly: boolean; key: Buffer }
}

/** The hub's key: made with the first use, one for all processes, kept like the key that signs tickets. */
export async function sealingKey(tx: Tx): Promise<Buffer> {
  const table = within<Sealing>(tx)
  await sql`insert into sealing_key (key) values (${randomBytes(sealingKeyBytes)}) on conflict do nothing`.execute(table)
  const { key } = await table.selectFrom('sealingKey').select('key').executeTakeFirstOrThrow()
  return key
}

/** Undefined while nothing was ever sealed. */
export async function findSealingKey(db: unknown): Promise<Buffer | undefined> {
  const row = await (db as Kysely<Sealing>).selectFrom('sealingKey').select('key').executeTakeFirst()
  return row?.key
}
