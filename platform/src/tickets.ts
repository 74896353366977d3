import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign as signBytes,
  verify as verifyBytes,
  type KeyObject,
} from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import { Ticket, ticketLivesMs, type TicketPurpose } from '@atrium/protocol'
import { fail } from './errors.ts'
import type { Node } from './placement.ts'

type Of<P extends TicketPurpose> = Extract<Ticket, { purpose: P }>
type Claims<P extends TicketPurpose> = Omit<Of<P>, 'purpose' | 'id' | 'issuedAt' | 'expiresAt'>
/** What the ticket must be for: whatever is named here has to be equal. */
export type Expected<P extends TicketPurpose> = Partial<Claims<P>>

/** Signed, short-lived permissions that another service accepts. */
export interface Tickets {
  /** `lookedAt`: when it was asked whether somebody may; the ticket is as old as that. */
  sign<P extends TicketPurpose>(purpose: P, claims: Claims<P>, lookedAt?: Date): Promise<string>
  /**
   * The claims of a ticket that is good for this; all others are refused alike, with `forbidden`. A ticket that names
   * a node is good on that run of that node only. A media ticket is good once.
   */
  verify<P extends TicketPurpose>(token: string, purpose: P, expected: Expected<P>): Promise<Of<P>>
  /** A new key signs from now on, here at once and elsewhere within a minute. Tickets of the old one stay good until they expire. */
  rotate(): Promise<void>
}

export interface TicketTables {
  ticketKey: { kid: string; publicKey: string; madeAt: Date }
  ticketSigner: { kid: string; privateKey: string }
}

/** How far two machines' clocks may differ. */
export const clockToleranceMs = 60_000
const maxTokenLength = 4_096
/** How long a key is used before the database is asked whether another process has made a new one. */
const keyFreshMs = 60_000
/** An unknown key is looked for no more often: whoever invents key ids shall not make us ask the database each time. */
const lookAgainMs = 1_000
/** Longer than clocks are off by, and than any ticket that is good once. */
const spentKeptMs = 7_200_000
/** A tenth more than the longest ticket lives. */
const oldKeyLivesMs = Math.max(...Object.values(ticketLivesMs)) * 1.1

interface Needs {
  db: Kysely<any>
  node: Node
  now: () => Date
  newId: () => string
}

/** Ed25519 over the claims. The private key is a row of its own; who only verifies never reads it. */
export function ed25519Tickets({ db, node, now, newId }: Needs): Tickets {
  const tables: Kysely<TicketTables> = db
  const publicKeys = new Map<string, KeyObject>()
  const spent = new Map<string, number>()
  let signer: { kid: string; key: KeyObject; readAt: number } | undefined
  let lookedAt = -Infinity

  async function currentSigner() {
    if (signer && now().getTime() - signer.readAt < keyFreshMs) return signer
    const row = (await newestSigner()) ?? (await makeKey(true))
    signer = { kid: row.kid, key: createPrivateKey(row.privateKey), readAt: now().getTime() }
    return signer
  }

  const newestSigner = () =>
    tables
      .selectFrom('ticketSigner')
      .innerJoin('ticketKey', 'ticketKey.kid', 'ticketSigner.kid')
      .select(['ticketSigner.kid', 'privateKey'])
      .orderBy('madeAt', 'desc')
      .orderBy('ticketSigner.kid')
      .executeTakeFirst()

  /** Processes that start together make one first key, not one each. */
  const makeKey = (onlyFirst: boolean) =>
    tables.transaction().execute(async (tx) => {
      await sql`lock table ticket_key in share row exclusive mode`.execute(tx)
      const standing = onlyFirst ? await tx.selectFrom('ticketSigner').select(['kid', 'privateKey']).limit(1).executeTakeFirst() : undefined
      if (standing) return standing

      const pair = generateKeyPairSync('ed25519')
      const made = { kid: newId(), privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string }
      await tx
        .deleteFrom('ticketKey')
        .where('madeAt', '<', await replacedBefore(tx, now().getTime() - oldKeyLivesMs))
        .execute()
      await tx
        .insertInto('ticketKey')
        .values({ kid: made.kid, publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }) as string, madeAt: now() })
        .execute()
      await tx.insertInto('ticketSigner').values(made).execute()
      return made
    })

  let looking: Promise<void> | undefined
  async function publicKey(kid: string): Promise<KeyObject | undefined> {
    // Two tickets of a key that is new here may arrive together: the second waits for what the first asked.
    if (!publicKeys.has(kid) && (looking || performance.now() - lookedAt >= lookAgainMs))
      await (looking ??= readKeys().finally(() => (looking = undefined)))
    return publicKeys.get(kid)
  }

  async function readKeys() {
    lookedAt = performance.now()
    const rows = await tables.selectFrom('ticketKey').select(['kid', 'publicKey']).execute()
    publicKeys.clear()
    for (const row of rows) publicKeys.set(row.kid, createPublicKey(row.publicKey))
  }

  /** Each id once. Forgotten by a clock that never steps: the day's may go forward and back, and a spent ticket be young again. */
  function spend({ id }: Ticket): boolean {
    const time = performance.now()
    for (const [old, at] of spent) {
      if (time - at < spentKeptMs) break
      spent.delete(old)
    }
    if (spent.has(id)) return false
    spent.set(id, time)
    return true
  }

  return {
    async sign(purpose, claims, lookedAt = now()) {
      const { kid, key } = await currentSigner()
      const issuedAt = lookedAt.getTime()
      const ticket = { ...claims, purpose, id: newId(), issuedAt, expiresAt: issuedAt + ticketLivesMs[purpose] }
      const signed = `${kid}.${Buffer.from(JSON.stringify(ticket)).toString('base64url')}`
      return `${signed}.${signBytes(null, Buffer.from(signed), key).toString('base64url')}`
    },

    async verify(token, purpose, expected) {
      const refused = fail('forbidden', 'forbidden')
      const [kid, claims, signature, ...more] = token.length <= maxTokenLength ? token.split('.') : []
      if (!kid || !claims || !signature || more.length > 0) throw refused
      const key = await publicKey(kid)
      if (!key || !verifyBytes(null, Buffer.from(`${kid}.${claims}`), key, Buffer.from(signature, 'base64url'))) throw refused

      // Signed by us, perhaps by an older or newer version of us.
      const parsed = Ticket.safeParse(JSON.parse(Buffer.from(claims, 'base64url').toString()))
      if (!parsed.success || parsed.data.purpose !== purpose) throw refused
      const ticket = parsed.data
      const time = now().getTime()
      if (time < ticket.issuedAt - clockToleranceMs || time > ticket.expiresAt + clockToleranceMs) throw refused
      if ('node' in ticket && ticket.node !== node.id) throw refused
      if (Object.entries(expected).some(([name, value]) => !isSame(value, ticket[name as keyof Ticket]))) throw refused
      if (ticket.purpose === 'media' && !spend(ticket)) throw refused
      return ticket as Of<typeof purpose>
    },

    async rotate() {
      const row = await makeKey(false)
      signer = { kid: row.kid, key: createPrivateKey(row.privateKey), readAt: now().getTime() }
    },
  }
}

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)

/** The time of the newest key that had been replaced by then: keys older than that have signed nothing that is still good. */
async function replacedBefore(tx: Kysely<TicketTables>, time: number): Promise<Date> {
  const newest = await tx
    .selectFrom('ticketKey')
    .select('madeAt')
    .where('madeAt', '<=', new Date(time))
    .orderBy('madeAt', 'desc')
    .executeTakeFirst()
  return newest?.madeAt ?? new Date(0)
}
