import { z } from 'zod'
import { command, fact, needs, perAccount, perSource, query } from './kernel.ts'
import { AccountId, ClientId, DeviceId, FactorId, TokenId } from './ids.ts'
import { Address, line, Password } from './text.ts'

/** RFC 6238: six digits. */
const Code = z
  .string()
  .trim()
  .regex(/^\d{6}$/)
/** Of the ten that were shown once. */
const ScratchCode = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9]{4}-?[a-z0-9]{4}$/)
/** What the browser's `navigator.credentials` speaks, as JSON (WebAuthn level 3). Its library checks it. */
const Json = z.record(z.string(), z.unknown())

export const Passkey = z.object({ id: FactorId, name: z.string(), createdAt: z.iso.datetime(), usedAt: z.iso.datetime().nullable() })
export const Factors = z.object({
  totp: z.object({ id: FactorId, createdAt: z.iso.datetime(), usedAt: z.iso.datetime().nullable() }).nullable(),
  passkeys: z.array(Passkey),
  scratchCodesLeft: z.int(),
  devices: z.array(z.object({ id: DeviceId, device: z.string(), trustedAt: z.iso.datetime(), expiresAt: z.iso.datetime() })),
  isRequired: z.boolean(),
  /** Until when one signs in without, though it is required. */
  graceEndsAt: z.iso.datetime().nullable(),
  /** False: only what the domain offers besides passwords of ours lets this person in. */
  hasPassword: z.boolean(),
  /** Where a letter goes when the password is forgotten; null: nowhere. */
  recovery: z.object({ address: z.string(), isVerified: z.boolean() }).nullable(),
})
export type Factors = z.output<typeof Factors>

/** `application`: one program or device, for one purpose. `script`: the API, as far as the scopes go. Neither opens the administration. */
export const TokenKind = z.enum(['application', 'script'])
export const Purpose = z.enum(['api', 'webdav', 'phone'])
export const Scope = z.enum([
  'chat:read',
  'chat:write',
  'files:read',
  'files:write',
  'documents:read',
  'documents:write',
  'meetings:read',
  'meetings:write',
  'directory:read',
  'administration:read',
  'administration:write',
])
export type Scope = z.output<typeof Scope>
export const Token = z.object({
  id: TokenId,
  kind: TokenKind,
  name: z.string(),
  purpose: Purpose,
  scopes: z.array(Scope),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  usedAt: z.iso.datetime().nullable(),
  usedFrom: z.string().nullable(),
})
export type Token = z.output<typeof Token>

/** What somebody who has shown the password still owes before anything opens, in this order. */
export const Owed = z.enum(['second_factor', 'new_password', 'enrolment'])
export type Owed = z.output<typeof Owed>
/** What every page says to who is in. */
export const SignedIn = z.object({
  /** Somebody looks through this person's eyes, until then. */
  openedBy: z.object({ name: z.string(), endsAt: z.iso.datetime() }).optional(),
  /** A second factor is required and none is there: until then one signs in without; null: the next sign-in asks for it. */
  enrolBy: z.iso.datetime().nullable().optional(),
})
export type SignedIn = z.output<typeof SignedIn>
export const SignInState = z.discriminatedUnion('state', [
  SignedIn.extend({ state: z.literal('in'), accountId: AccountId }),
  z.object({
    state: z.literal('owes'),
    owes: z.array(Owed).min(1),
    ways: z.array(z.enum(['totp', 'passkey', 'scratch'])),
    /** For so long a browser may be trusted with the second factor; 0: it is asked for every time. */
    trustDays: z.int(),
  }),
])
export type SignInState = z.output<typeof SignInState>

/** What a password must be, for the form that shows it while one types. */
export const PasswordPolicy = z.object({
  minLength: z.int(),
  minLetters: z.int(),
  minUpper: z.int(),
  minLower: z.int(),
  minDigits: z.int(),
  minPunctuation: z.int(),
  allowedCharacters: z.string(),
  history: z.int(),
  refusesCommon: z.boolean(),
  mayChange: z.boolean(),
})
export type PasswordPolicy = z.output<typeof PasswordPolicy>

const http = { door: 'http' } as const
const natural = { repeat: 'natural' } as const
const step = { ...http, ...natural, unfinished: true, limit: perSource(60, '1 min') } as const
const openStep = { ...http, ...natural, open: true, limit: perSource(60, '1 min') } as const
const ofAccount = { clientId: ClientId, accountId: AccountId }

export const factors = {
  /** Where a sign-in stands: what a page that was loaded in between asks. */
  'auth.state': query(z.strictObject({}), SignInState, { unfinished: true }),
  'auth.totp': command(z.strictObject({ clientId: ClientId, code: Code, trustsDevice: z.boolean().default(false) }), SignInState, step),
  'auth.scratch': command(z.strictObject({ clientId: ClientId, code: ScratchCode }), SignInState, step),
  'auth.passkey.begin': command(z.strictObject({ clientId: ClientId }), Json, { ...step, ...natural }),
  'auth.passkey.finish': command(
    z.strictObject({ clientId: ClientId, response: Json, trustsDevice: z.boolean().default(false) }),
    SignInState,
    step,
  ),
  'auth.newPassword': command(z.strictObject({ clientId: ClientId, password: Password }), SignInState, step),
  'auth.policy': query(z.strictObject({}), PasswordPolicy, { unfinished: true }),
  /** For an invitation or a reset, by the secret of its link. */
  'auth.link.policy': query(z.strictObject({ token: z.string().max(100) }), PasswordPolicy, { open: true, limit: perSource(60, '1 min') }),

  /** With a passkey alone: it says who it is. Asked by each sign-in page that is opened, so that browsers offer theirs. */
  'auth.withPasskey.begin': command(z.strictObject({ clientId: ClientId }), Json, { ...openStep, limit: perSource(600, '1 min') }),
  'auth.withPasskey.finish': command(z.strictObject({ clientId: ClientId, response: Json }), SignInState, openStep),

  /** A letter to the verified recovery address. The same answer, after the same time, for whoever it is. */
  'auth.forgot': command(z.strictObject({ clientId: ClientId, address: Address }), z.object({}), {
    ...openStep,
    limit: perSource(10, '1 min'),
  }),

  /** The password again (or a passkey): good for ten minutes. */
  'auth.confirm': command(z.strictObject({ clientId: ClientId, password: z.string().min(1).max(1_000) }), z.object({}), {
    limit: perAccount(10, '1 min'),
    ...natural,
  }),
  'auth.confirm.begin': command(z.strictObject({ clientId: ClientId }), Json, natural),
  'auth.confirm.passkey': command(z.strictObject({ clientId: ClientId, response: Json }), z.object({}), {
    limit: perAccount(10, '1 min'),
    ...natural,
  }),

  'factors.list': query(z.strictObject({}), Factors, { unfinished: true }),
  /** The secret and the QR code's URI, shown once; nothing counts before `finish`. */
  'factors.totp.begin': command(z.strictObject({ clientId: ClientId }), z.object({ secret: z.string(), uri: z.string() }), {
    ...natural,
    unfinished: true,
    confirmed: true,
    // That it counts from now on is: `finish`.
    noted: false,
  }),
  'factors.totp.finish': command(
    z.strictObject({ clientId: ClientId, code: Code }),
    z.object({ scratchCodes: z.array(z.string()), signIn: SignInState }),
    { ...http, ...natural, unfinished: true, noted: true },
  ),
  'factors.scratch.renew': command(z.strictObject({ clientId: ClientId }), z.object({ scratchCodes: z.array(z.string()) }), {
    ...natural,
    confirmed: true,
  }),
  'factors.passkey.begin': command(z.strictObject({ clientId: ClientId }), Json, {
    ...natural,
    unfinished: true,
    confirmed: true,
    noted: false,
  }),
  'factors.passkey.finish': command(
    z.strictObject({ clientId: ClientId, name: line(100), response: Json }),
    z.object({ scratchCodes: z.array(z.string()), signIn: SignInState }),
    {
      ...http,
      ...natural,
      unfinished: true,
      noted: true,
    },
  ),
  'factors.passkey.rename': command(z.strictObject({ clientId: ClientId, factorId: FactorId, name: line(100) }), Factors, natural),
  'factors.remove': command(z.strictObject({ clientId: ClientId, factorId: FactorId }), Factors, { ...natural, confirmed: true }),
  'factors.device.forget': command(z.strictObject({ clientId: ClientId, deviceId: DeviceId }), Factors, natural),

  'tokens.list': query(z.strictObject({}), z.array(Token)),
  /** The secret is shown this once. */
  'tokens.create': command(
    z.strictObject({
      clientId: ClientId,
      kind: TokenKind,
      name: line(100),
      purpose: Purpose.default('api'),
      scopes: z.array(Scope).max(20).default([]),
      days: z.int().min(1).max(3_650).nullable().default(null),
    }),
    z.object({ token: Token, secret: z.string() }),
    { repeat: 'refused', confirmed: true },
  ),
  'tokens.revoke': command(z.strictObject({ clientId: ClientId, tokenId: TokenId }), z.object({}), { ...natural, noted: true }),

  /** A phone: the desktop shows the code as QR, the phone opens it. Single use, two minutes. */
  'auth.phone.begin': command(
    z.strictObject({ clientId: ClientId }),
    /** `livesMs`: the same as `expiresAt`, for a page whose clock is another. */
    z.object({ path: z.string(), expiresAt: z.iso.datetime(), livesMs: z.int() }),
    { ...natural, confirmed: true },
  ),
  'auth.phone.finish': command(z.strictObject({ clientId: ClientId, token: z.string().max(100) }), SignInState, openStep),
  /** The desktop sees what was signed in. */
  'auth.phone.signedIn': fact('account', z.object({ device: z.string(), source: z.string() })),

  // What administrators do for others.
  'accounts.factors': query(
    z.strictObject({ accountId: AccountId }),
    Factors.extend({ tokens: z.array(Token) }),
    needs('account.security', 'accountId'),
  ),
  'accounts.factors.remove': command(z.strictObject({ ...ofAccount, factorId: FactorId }), Factors, {
    ...needs('account.security', 'accountId'),
    ...natural,
  }),
  'accounts.factors.reset': command(z.strictObject(ofAccount), Factors, { ...needs('account.security', 'accountId'), ...natural }),
  'accounts.token.revoke': command(z.strictObject({ ...ofAccount, tokenId: TokenId }), z.object({}), {
    ...needs('account.security', 'accountId'),
    ...natural,
  }),
  /** A link that shows its person a QR code to enrol, or an application password, once. */
  'accounts.enrolment': command(
    z.strictObject({ ...ofAccount, what: z.enum(['totp', 'passkey', 'application']) }),
    z.object({ path: z.string(), expiresAt: z.iso.datetime() }),
    { ...needs('account.security', 'accountId'), ...natural },
  ),
  /** Confirmed by opening the link in the letter. */
  'me.recovery': command(z.strictObject({ clientId: ClientId, address: Address.nullable() }), z.object({ isVerified: z.boolean() }), {
    ...natural,
    confirmed: true,
    // Each is a letter to an address that nobody has verified.
    limit: perAccount(30, '1 h'),
  }),
  /** What an administrator's link to enrol shows to its person, once: who is signed in as somebody else is refused. */
  'auth.enrolment.open': command(
    z.strictObject({ clientId: ClientId, token: z.string().max(100) }),
    z.discriminatedUnion('what', [
      z.object({ what: z.literal('totp'), secret: z.string(), uri: z.string() }),
      /** The page goes on with `factors.passkey.begin`. */
      z.object({ what: z.literal('passkey') }),
      z.object({ what: z.literal('application'), token: Token, secret: z.string() }),
    ]),
    natural,
  ),
  'auth.recovery.verify': command(z.strictObject({ clientId: ClientId, token: z.string().max(100) }), z.object({}), { ...openStep }),
}
