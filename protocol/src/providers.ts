import { z } from 'zod'
import { command, needs, perSource, query } from './kernel.ts'
import { AccountId, ClientId, DomainId, ListId, ProviderId } from './ids.ts'
import { line, optionalLine, text } from './text.ts'

/** Which attribute of the source is which of ours. */
const Mapping = z.strictObject({
  address: z.string().max(200),
  name: z.string().max(200).default(''),
  given: z.string().max(200).default(''),
  surname: z.string().max(200).default(''),
  title: z.string().max(200).default(''),
})
/** Browsers are led there. */
const Url = z.url({ protocol: /^https?$/ }).max(2_000)
const Pem = z.string().max(20_000)
/** What the other side has not said yet: a provider that is off may lack it, for it wants to know our addresses first. */
const NotYet = z.literal('')

const Saml = z.strictObject({
  kind: z.literal('saml'),
  label: line(100),
  entryPoint: Url.or(NotYet),
  issuer: optionalLine(1_000),
  logoutUrl: Url.nullable().default(null),
  /** PEM, one or several. */
  certificates: z.array(Pem).max(5),
  allowsIdpInitiated: z.boolean().default(false),
  createsAccounts: z.boolean().default(false),
  clockSkewSeconds: z.int().min(0).max(300).default(60),
  mapping: Mapping,
})
const Oidc = z.strictObject({
  kind: z.literal('oidc'),
  label: line(100),
  issuer: Url.or(NotYet),
  clientId: optionalLine(500),
  /** Written, never read: absent leaves it, null takes it away (a public client with PKCE alone). Read it is null where there is none. */
  clientSecret: z.string().max(1_000).nullable().optional(),
  scopes: z.string().max(500).default('openid email profile'),
  createsAccounts: z.boolean().default(false),
  mapping: Mapping,
})
const Ldap = z.strictObject({
  kind: z.literal('ldap'),
  label: line(100),
  preset: z.enum(['openldap', 'zimbra', 'activedirectory']),
  /** `ldap://` with StartTLS unless said otherwise, or `ldaps://`. */
  url: z
    .string()
    .max(1_000)
    .regex(/^ldaps?:\/\//),
  startTls: z.boolean().default(true),
  authority: Pem.nullable().default(null),
  bindDn: z.string().max(1_000),
  bindPassword: z.string().max(1_000).optional(),
  baseDn: z.string().max(1_000),
  accountFilter: z.string().max(2_000).default(''),
  groupFilter: z.string().max(2_000).default(''),
  pollSeconds: z.int().min(1).max(3_600).default(5),
  /** Mirrors all; otherwise only checks passwords of accounts that are here. */
  mirrors: z.boolean().default(true),
  writesBack: z.boolean().default(false),
})
/**
 * What is wrong with a provider, for the client to say in words. `late`: no answer in time. `truncated`: it stopped before the end,
 * `tooLong`: it is longer than any honest one; nothing of such an answer is taken. `referral`: it wants us to ask elsewhere, which we do
 * not. `taken`: an address is another's here. `full`: the domain has as many accounts as it may.
 */
export const ProviderTrouble = z.enum([
  'refused',
  'late',
  'certificate',
  'noTls',
  'credentials',
  'referral',
  'truncated',
  'tooLong',
  'noBase',
  'rights',
  'address',
  'noEntries',
  'taken',
  'full',
  'other',
])
export type ProviderTrouble = z.output<typeof ProviderTrouble>

/**
 * What is wrong with an identity provider. `away`: it cannot be asked what it says of itself. `certificateSoon`, `certificateOver`:
 * what it signs with is good for thirty days more at most, or no more. The rest is why the last sign-in from there was refused.
 */
export const SignInTrouble = z.enum(['certificateOver', 'certificateSoon', 'away', 'signature', 'clock', 'audience'])
export type SignInTrouble = z.output<typeof SignInTrouble>

export const ProviderSettings = z.discriminatedUnion('kind', [Saml, Oidc, Ldap])
export type ProviderSettings = z.output<typeof ProviderSettings>

export const Provider = z.object({
  id: ProviderId,
  domainId: DomainId,
  isOn: z.boolean(),
  /** Without its secrets. */
  settings: ProviderSettings,
  /** Where the provider is to be told to send people, for SAML and OIDC; null for LDAP. `left`: behind a sign-out that began here, for OIDC. */
  addresses: z
    .object({ metadata: z.string().nullable(), callback: z.string(), logout: z.string(), left: z.string().nullable() })
    .nullable(),
  /** SAML: by which it knows what we sign (PEM). */
  certificate: z.string().nullable(),
  /** SAML and OIDC: what is wrong, the worst first; `at`: when that was, or when the certificate ends. */
  troubles: z.array(z.object({ what: SignInTrouble, at: z.iso.datetime() })),
  /** LDAP: what the mirror did last, and whether it stopped to ask. */
  mirror: z
    .object({
      state: z.enum(['idle', 'running', 'unreachable', 'asks']),
      at: z.iso.datetime().nullable(),
      accounts: z.int(),
      lists: z.int(),
      /** `asks`: so many accounts and lists would vanish. */
      vanished: z.int(),
      vanishedLists: z.int(),
      /** GRANT-10: they differ from their groups, and stay as they are, for rights are granted to them. */
      outOfReach: z.array(z.object({ id: ListId, name: z.string() })),
      problem: ProviderTrouble.nullable(),
    })
    .nullable(),
})
export type Provider = z.output<typeof Provider>

/** How people of a domain may sign in. */
export const Way = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('password') }),
  z.object({ kind: z.literal('passkey') }),
  /** A page of ours that leads on to the provider. */
  z.object({ kind: z.enum(['saml', 'oidc']), id: ProviderId, label: z.string(), path: z.string() }),
])
export type Way = z.output<typeof Way>

const TestResult = z.object({
  isFine: z.boolean(),
  /** One for each thing that was tried, in order; the last one says what failed, with what the other side said itself. */
  steps: z.array(
    z.object({
      what: z.enum(['reach', 'bind', 'base', 'changes', 'accounts', 'groups', 'metadata', 'certificates']),
      isFine: z.boolean(),
      trouble: ProviderTrouble.nullable(),
      said: z.string(),
    }),
  ),
  wouldCreate: z.int(),
  wouldChange: z.int(),
  wouldLock: z.int(),
  first: z.array(z.object({ name: z.string(), address: z.string(), does: z.enum(['create', 'change', 'lock', 'move', 'nothing']) })),
})

const OwnWays = z.object({ allowsPassword: z.boolean(), allowsPasskey: z.boolean() })

const one = { clientId: ClientId, providerId: ProviderId }
export const providers = {
  /** By the domain of the address alone: it says nothing about who is there. */
  'auth.ways': query(
    z.strictObject({ address: text(254).toLowerCase() }),
    z.object({ domain: z.string().nullable(), ways: z.array(Way) }),
    {
      open: true,
      limit: perSource(120, '1 min'),
    },
  ),
  'providers.list': query(z.strictObject({ domainId: DomainId }), z.array(Provider), needs('domain.signIn', 'domainId')),
  'providers.set': command(
    z.strictObject({
      clientId: ClientId,
      domainId: DomainId,
      providerId: ProviderId.optional(),
      isOn: z.boolean(),
      settings: ProviderSettings,
    }),
    Provider,
    { ...needs('domain.signIn', 'domainId'), confirmed: true, repeat: 'natural' },
  ),
  'providers.remove': command(z.strictObject({ ...one, domainId: DomainId }), z.object({}), {
    ...needs('domain.signIn', 'domainId'),
    confirmed: true,
  }),
  /** Connects, binds, reads a little, and says what a mirror would do; changes nothing. */
  'providers.test': command(
    z.strictObject({ clientId: ClientId, domainId: DomainId, providerId: ProviderId.optional(), settings: ProviderSettings }),
    TestResult,
    { ...needs('domain.signIn', 'domainId'), repeat: 'natural' },
  ),
  'providers.mirror': command(z.strictObject({ ...one, domainId: DomainId }), Provider, {
    ...needs('domain.signIn', 'domainId'),
    repeat: 'natural',
  }),
  /**
   * The mirror found that more than a twentieth vanished, and waits: `accept` locks those accounts and takes those lists away, `dismiss`
   * looks again.
   */
  'providers.answer': command(z.strictObject({ ...one, domainId: DomainId, answer: z.enum(['accept', 'dismiss']) }), Provider, {
    ...needs('domain.signIn', 'domainId'),
    confirmed: true,
    repeat: 'natural',
  }),
  /** Ways that replace the hub's own password for the domain's people. */
  'domains.ways': command(
    z.strictObject({ clientId: ClientId, domainId: DomainId, allowsPassword: z.boolean(), allowsPasskey: z.boolean() }),
    OwnWays,
    { ...needs('domain.signIn', 'domainId'), confirmed: true, repeat: 'natural' },
  ),
  'domains.ways.get': query(z.strictObject({ domainId: DomainId }), OwnWays, needs('domain.signIn', 'domainId')),
  /** Who of an identity provider is which account, for an administrator. */
  'accounts.identities': query(
    z.strictObject({ accountId: AccountId }),
    z.array(z.object({ providerId: ProviderId, label: z.string(), subject: z.string(), usedAt: z.iso.datetime().nullable() })),
    needs('account.security', 'accountId'),
  ),
}
