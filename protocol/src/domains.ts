import { z } from 'zod'
import { Caps, CapsChange, OwnValues, ValuesChange } from './catalogue.ts'
import { command, fact, needs, perSource, query } from './kernel.ts'
import { ClientId, CosId, DomainId, PictureId } from './ids.ts'
import { line, optionalLine, optionalText, verbatim } from './text.ts'

/** The stricter of a domain's status and an account's holds. */
export const DomainStatus = z.enum(['active', 'maintenance', 'locked', 'closed'])
export type DomainStatus = z.output<typeof DomainStatus>

const Colour = z.string().regex(/^#[0-9a-f]{6}$/i)
/** What pages of a domain's people, and its sign-in page, wear. Null: as the hub. */
export const Look = z.object({
  name: z.string().nullable(),
  title: z.string().nullable(),
  accent: Colour.nullable(),
  logoLight: PictureId.nullable(),
  logoDark: PictureId.nullable(),
  picture: PictureId.nullable(),
})
export type Look = z.output<typeof Look>

/** Null: no limit. */
export const Limits = z.strictObject({
  accounts: z.int().min(0).max(10_000_000).nullable(),
  /** Bytes that all of the domain's people keep together. */
  bytes: z.int().min(0).nullable(),
  /** What no account of the domain exceeds, whatever its class or an administrator says. */
  caps: Caps,
  /** Null: any class. `accounts` null: as many as the domain has. */
  classes: z
    .array(z.strictObject({ cosId: CosId, accounts: z.int().min(0).nullable() }))
    .max(200)
    .nullable(),
})
export type Limits = z.output<typeof Limits>
/** Absent: untouched. Classes are said as a whole. */
export const LimitsChange = Limits.partial().extend({ caps: CapsChange.optional() })
export type LimitsChange = z.output<typeof LimitsChange>

/** How a user name is made: `{given}`, `{initials}`, `{surname}`, and `{g}`, `{s}` for their first letters. */
export const UserNamePattern = z
  .string()
  .max(100)
  .regex(/^(?:[a-z0-9._-]|\{(?:given|initials|surname|g|s)\})+$/i)

export const Domain = z.object({
  id: DomainId,
  name: z.string(),
  description: z.string(),
  status: DomainStatus,
  defaultCosId: CosId,
  userNamePattern: z.string(),
  limits: Limits,
  look: Look,
  accounts: z.int(),
  bytes: z.int(),
  createdAt: z.iso.datetime(),
})
export type Domain = z.output<typeof Domain>

export const Cos = z.object({
  id: CosId,
  name: z.string(),
  description: z.string(),
  values: OwnValues,
  accounts: z.int(),
  createdAt: z.iso.datetime(),
})
export type Cos = z.output<typeof Cos>

const page = { after: z.string().max(400).optional(), limit: z.int().min(1).max(200).default(50), search: optionalLine(200).optional() }

export const domains = {
  /** Those that the caller may see. */
  'domains.list': query(
    z.strictObject(page),
    z.object({ domains: z.array(Domain), next: z.string().nullable() }),
    needs('domain.see', 'anything'),
  ),
  'domains.get': query(z.strictObject({ domainId: DomainId }), Domain, needs('domain.see', 'domainId')),
  'domains.create': command(
    z.strictObject({ clientId: ClientId, name: z.hostname().max(253).toLowerCase(), description: optionalText(2_000).default('') }),
    Domain,
    needs('domain.limits', 'everything'),
  ),
  'domains.change': command(
    z.strictObject({
      clientId: ClientId,
      domainId: DomainId,
      description: optionalText(2_000).optional(),
      defaultCosId: CosId.optional(),
      userNamePattern: UserNamePattern.optional(),
    }),
    Domain,
    { ...needs('domain.change', 'domainId'), repeat: 'natural' },
  ),
  'domains.status': command(z.strictObject({ clientId: ClientId, domainId: DomainId, status: DomainStatus }), Domain, {
    ...needs('domain.status', 'domainId'),
    repeat: 'natural',
  }),
  'domains.limits': command(z.strictObject({ clientId: ClientId, domainId: DomainId, limits: LimitsChange }), Domain, {
    ...needs('domain.limits', 'everything'),
    repeat: 'natural',
  }),
  'domains.look': command(
    z.strictObject({
      clientId: ClientId,
      domainId: DomainId,
      look: Look.partial().extend({ name: optionalLine(200).nullable().optional(), title: optionalLine(200).nullable().optional() }),
    }),
    Domain,
    { ...needs('domain.look', 'domainId'), repeat: 'natural' },
  ),
  /** Only one without accounts, lists and resources. */
  'domains.delete': command(z.strictObject({ clientId: ClientId, domainId: DomainId }), z.object({}), {
    ...needs('domain.limits', 'everything'),
    confirmed: true,
  }),

  /** What the sign-in page wears, before anybody is known: by the domain alone, or the hub's own. */
  'hub.look': query(z.strictObject({ domain: verbatim(253).toLowerCase().optional() }), Look, {
    open: true,
    limit: perSource(600, '1 min'),
  }),

  'cos.list': query(z.strictObject(page), z.object({ classes: z.array(Cos), next: z.string().nullable() }), needs('cos.see', 'anything')),
  'cos.get': query(z.strictObject({ cosId: CosId }), Cos, needs('cos.see', 'cosId')),
  'cos.create': command(
    z.strictObject({ clientId: ClientId, name: line(200), description: optionalText(2_000).default(''), values: OwnValues.default({}) }),
    Cos,
    needs('cos.create', 'everything'),
  ),
  'cos.copy': command(z.strictObject({ clientId: ClientId, cosId: CosId, name: line(200) }), Cos, needs('cos.create', 'everything')),
  'cos.change': command(
    z.strictObject({
      clientId: ClientId,
      cosId: CosId,
      name: line(200).optional(),
      description: optionalText(2_000).optional(),
      values: ValuesChange.optional(),
    }),
    Cos,
    { ...needs('cos.change', 'cosId'), repeat: 'natural' },
  ),
  /** Only one that nobody has, and that is no domain's default. */
  'cos.delete': command(z.strictObject({ clientId: ClientId, cosId: CosId }), z.object({}), needs('cos.delete', 'cosId')),

  /** Something of the domain changed that its people see: its look, or its status. */
  'domain.changed': fact('directory', z.object({ domainId: DomainId, look: Look, status: DomainStatus })),
  /**
   * What holds for everybody of this class, or in this domain, changed: whose it is asks `me.values` again, after a moment of their
   * own choice, for there may be many.
   */
  'values.changing': fact('directory', z.object({ cosId: CosId.nullable(), domainId: DomainId.nullable() })),
}
