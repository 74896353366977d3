import { createHmac, hkdfSync, randomInt } from 'node:crypto'
import { fail, type Actor, type Announce, type Call, type Database, type Reading, type Tx } from '@atrium/platform'
import { seal, unseal } from '@atrium/platform/sealing'
import type { AccountId, Factors, FactorId, SignInState, Values } from '@atrium/protocol'
import { deviceOf, give, graceEndsAt, hashOf, newSecret, type Auth } from '../auth/index.ts'
import type { Accounts } from '../directory/index.ts'
import { scratchCodes } from './rules.ts'
import { addDevice, countScratchCodes, isTrustedDevice, listDevices, listFactors, replaceScratchCodes, type FactorTables } from './store.ts'

export interface FactorDeps extends Database<FactorTables> {
  accounts: Accounts
  auth: Pick<Auth, 'enterAs' | 'walk' | 'counting' | 'confirm' | 'credentialsOf' | 'graceSince' | 'linkFor' | 'linkOf' | 'takeLink'>
  /** The key that the hub seals secrets with. */
  hubKey: () => Promise<Buffer>
  recoveryOf: (at: Reading<any> | Tx, id: AccountId) => Promise<{ address: string; isVerified: boolean } | null>
  /** Whether the account's domain lets its people in this way. */
  allows: (accountId: AccountId, way: 'password' | 'passkey') => Promise<boolean>
  /** Where people open the hub, for who does not say it. */
  origin: string
  now: () => Date
  newId: () => string
}

const day = 24 * 60 * 60_000

/** What the parts of this slice share. */
export function common(deps: FactorDeps) {
  const { db, work, accounts, auth, hubKey, now, newId } = deps

  const keyFor = async (purpose: string) => Buffer.from(hkdfSync('sha256', await hubKey(), '', purpose, 32))
  /** Letters and digits that nobody takes for one another. */
  const signs = 'abcdefghjkmnpqrstuvwxyz23456789'
  const newScratchCode = () => {
    const half = () => Array.from({ length: 4 }, () => signs[randomInt(signs.length)]).join('')
    return `${half()}-${half()}`
  }

  return {
    ...deps,

    async sealed(secret: Buffer, id: FactorId): Promise<Buffer> {
      return seal(await keyFor('second factors'), secret.toString('base64url'), id)
    },
    async unsealed(sealedSecret: Buffer, id: FactorId): Promise<Buffer> {
      return Buffer.from(unseal(await keyFor('second factors'), sealedSecret, id), 'base64url')
    },
    /** Short enough to be guessed by who reads the table, were it a plain hash. */
    async scratchHash(accountId: AccountId, code: string): Promise<Buffer> {
      return createHmac('sha256', await keyFor('scratch codes'))
        .update(`${accountId} ${code.replaceAll('-', '').toLowerCase()}`)
        .digest()
    },
    /** Ten new ones, the only time that they are shown; once they are kept, earlier ones are good for nothing. */
    async newScratchCodes(accountId: AccountId): Promise<{ codes: string[]; keep: (tx: Tx) => Promise<void> }> {
      const codes = Array.from({ length: scratchCodes }, newScratchCode)
      const hashes = await Promise.all(codes.map((code) => this.scratchHash(accountId, code)))
      return { codes, keep: (tx) => replaceScratchCodes(tx, accountId, hashes) }
    },

    async person(accountId: AccountId): Promise<{ id: AccountId; name: string; address: string; values: Values; organisation: string }> {
      const [person, values] = [await accounts.person(accountId), await accounts.valuesOf(accountId)]
      if (!person) throw fail('not_found', 'directory.noSuchPerson', { field: 'accountId' })
      const organisation = (await accounts.organisation())?.name ?? 'Atrium'
      return { id: accountId, name: person.name, address: person.address ?? '', values, organisation }
    },

    async shown(accountId: AccountId): Promise<Factors> {
      const [factors, values] = [await listFactors(db, accountId), await accounts.valuesOf(accountId)]
      const totp = factors.find(({ kind }) => kind === 'totp')
      const isRequired = values['secondFactor.isRequired']
      const since = isRequired && factors.length === 0 ? await auth.graceSince(accountId) : undefined
      const devices = await listDevices(db, accountId, now())
      return {
        totp: totp ? { id: totp.id, createdAt: totp.createdAt.toISOString(), usedAt: totp.usedAt?.toISOString() ?? null } : null,
        passkeys: factors
          .filter(({ kind }) => kind === 'passkey')
          .map(({ id, name, createdAt, usedAt }) => ({
            id,
            name,
            createdAt: createdAt.toISOString(),
            usedAt: usedAt?.toISOString() ?? null,
          })),
        scratchCodesLeft: factors.length > 0 ? await countScratchCodes(db, accountId) : 0,
        devices: devices.map(({ id, device, trustedAt, expiresAt }) => ({
          ...{ id, device },
          trustedAt: trustedAt.toISOString(),
          expiresAt: expiresAt.toISOString(),
        })),
        isRequired,
        graceEndsAt: since ? graceEndsAt(since, values).toISOString() : null,
        hasPassword: (await auth.credentialsOf([accountId])).has(accountId),
        recovery: await deps.recoveryOf(db, accountId),
      }
    },

    /** Of somebody who enrols: signed in and confirmed, or owing just that. */
    async mayEnrol(actor: Actor): Promise<void> {
      if (actor.through?.kind === 'unfinished') await auth.walk.owesNext(undefined, actor, 'enrolment')
    },
    /** After the factor was kept: who owed it is a step further. */
    async enrolled(tx: Tx, actor: Actor, call: Call): Promise<{ signIn: SignInState; finish: () => void }> {
      if (actor.through?.kind !== 'unfinished') return { signIn: { state: 'in', accountId: actor.accountId }, finish: () => {} }
      const { begun, state } = await auth.walk.stepped(tx, actor, call, 'enrolment')
      return { signIn: state, finish: () => give(call, begun) }
    },

    /** A step of signing in: what `prove` writes commits with it. */
    async step(actor: Actor, call: Call, prove: (tx: Tx, announce: Announce) => Promise<void>, trusts: boolean): Promise<SignInState> {
      if (actor.through?.kind !== 'unfinished') throw fail('conflict', 'factors.notNow')
      const { begun, state, device } = await work(async (tx, announce) => {
        await prove(tx, announce)
        const entered = await auth.walk.stepped(tx, actor, call, 'second_factor')
        return { ...entered, device: trusts ? await this.trust(tx, actor.accountId, call) : undefined }
      })
      give(call, begun)
      if (device) call.device?.trust(device.secret, device.expiresAt)
      return state
    },
    /** This browser is not asked for the second factor for a while, if that is allowed. */
    async trust(tx: Tx, accountId: AccountId, call: Call): Promise<{ secret: string; expiresAt: Date } | undefined> {
      const days = (await accounts.valuesIn(tx, [accountId])).get(accountId)!['secondFactor.trustDevices']
      if (days === 0 || !call.device) return undefined
      const [secret, expiresAt] = [newSecret(), new Date(now().getTime() + days * day)]
      const device = deviceOf(call.userAgent)
      await addDevice(tx, { id: newId() as never, accountId, secretHash: hashOf(secret), device, trustedAt: now(), expiresAt })
      return { secret, expiresAt }
    },
    async isTrusted(tx: Tx, accountId: AccountId, call: Call): Promise<boolean> {
      const secret = call.device?.secret
      if (secret === undefined) return false
      const days = (await accounts.valuesIn(tx, [accountId])).get(accountId)!['secondFactor.trustDevices']
      return days > 0 && isTrustedDevice(tx, accountId, hashOf(secret), now())
    },
    originOf: (call: Call): string => call.origin ?? deps.origin,
  }
}
export type Common = ReturnType<typeof common>
