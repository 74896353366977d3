import { z } from 'zod'
import { command, fact, needs, query } from './kernel.ts'
import { AccountId, ClientId, CosId, DomainId, GrantId, ListId, ResourceId } from './ids.ts'
import { rights } from './rights.ts'
import { line, optionalLine } from './text.ts'

export const RightName = z.enum(rights)
export const GrantTarget = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('domain'), id: DomainId }),
  z.strictObject({ kind: z.literal('account'), id: AccountId }),
  z.strictObject({ kind: z.literal('list'), id: ListId }),
  z.strictObject({ kind: z.literal('resource'), id: ResourceId }),
  z.strictObject({ kind: z.literal('cos'), id: CosId }),
])
export type GrantTarget = z.output<typeof GrantTarget>
/** A person, or all who are in a list at the time. */
export const Grantee = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('account'), id: AccountId }),
  z.strictObject({ kind: z.literal('list'), id: ListId }),
])
export type Grantee = z.output<typeof Grantee>

export const Grant = z.object({
  id: GrantId,
  grantee: Grantee,
  granteeName: z.string(),
  target: GrantTarget,
  targetName: z.string(),
  rights: z.array(RightName),
  /** What is denied nobody else's grant brings back. */
  isDenied: z.boolean(),
  /** Its holder may grant these on; what was granted from it ends with it. */
  mayGrant: z.boolean(),
  givenBy: z.object({ id: AccountId, name: z.string() }),
  givenAt: z.iso.datetime(),
})
export type Grant = z.output<typeof Grant>

export const grants = {
  /** All that the caller may see: given to somebody, or over something. */
  'grants.list': query(
    z.strictObject({
      grantee: Grantee.optional(),
      target: GrantTarget.optional(),
      after: z.string().max(400).optional(),
      limit: z.int().min(1).max(200).default(100),
    }),
    z.object({ grants: z.array(Grant.extend({ mayRevoke: z.boolean() })), next: z.string().nullable() }),
    needs('grant.see', 'anything'),
  ),
  /** The handler looks at the target: the caller holds each of these rights there with `mayGrant`, or administers everything. */
  'grants.give': command(
    z.strictObject({
      clientId: ClientId,
      grantee: Grantee,
      target: GrantTarget,
      rights: z.array(RightName).min(1).max(rights.length),
      isDenied: z.boolean().default(false),
      mayGrant: z.boolean().default(false),
    }),
    Grant,
    needs('grant.give', 'anything'),
  ),
  /** And all that was granted from it. */
  'grants.revoke': command(z.strictObject({ clientId: ClientId, grantId: GrantId }), z.object({ revoked: z.array(GrantId) }), {
    ...needs('grant.give', 'grantId'),
    repeat: 'natural',
  }),
  /** What somebody may do to something, and why: the grants that say so, or `administrator`. */
  'grants.explain': query(
    z.strictObject({ accountId: AccountId, target: GrantTarget }),
    z.object({
      rights: z.array(
        z.object({
          right: RightName,
          isAllowed: z.boolean(),
          because: z.enum(['administrator', 'granted', 'denied', 'nothing']),
          grants: z.array(GrantId),
        }),
      ),
      grants: z.array(Grant),
    }),
    needs('grant.see', 'anything'),
  ),
  /** What I may administer: the interface shows this and nothing else. */
  'me.rights': query(
    z.strictObject({}),
    z.object({
      isAdministrator: z.boolean(),
      /** All rights I have over anything at all. */
      anywhere: z.array(RightName),
      /** `grantable`: those that I may give there to somebody else. */
      domains: z.array(z.object({ id: DomainId, name: z.string(), rights: z.array(RightName), grantable: z.array(RightName) })),
    }),
  ),

  /** What I may do changed. */
  'me.rights.changing': fact('account', z.object({ accountId: AccountId })),
}

export const AuditEntry = z.object({
  /** Counts up; the newest first in lists. */
  seq: z.int(),
  at: z.iso.datetime(),
  /** Null: the hub itself. */
  actor: z.object({ id: AccountId, name: z.string() }).nullable(),
  /** Somebody who looked through another's eyes. */
  openedBy: z.object({ id: AccountId, name: z.string() }).nullable(),
  source: z.string(),
  door: z.enum(['browser', 'program', 'console', 'hub']),
  operation: z.string(),
  target: z.object({ kind: z.string(), id: z.string(), name: z.string() }).nullable(),
  domainId: DomainId.nullable(),
  outcome: z.enum(['done', 'refused']),
  /** The key of the sentence with which it was refused. */
  refusal: z.string().nullable(),
  /** What that sentence speaks of, such as a limit. */
  refusalParams: z.record(z.string(), z.union([z.string(), z.number()])).nullable(),
  /** Secrets are masked before they are written. */
  before: z.record(z.string(), z.unknown()).nullable(),
  after: z.record(z.string(), z.unknown()).nullable(),
})
export type AuditEntry = z.output<typeof AuditEntry>

export const audit = {
  /** Pages of this are the export, too. */
  'audit.list': query(
    z.strictObject({
      actorId: AccountId.optional(),
      targetId: z.uuid().toLowerCase().optional(),
      domainId: DomainId.optional(),
      operation: optionalLine(100).optional(),
      /** Any of these operations, or of those whose names begin so. */
      operations: z.array(line(100)).min(1).max(50).optional(),
      /** Words: each in a name or address of who did it or to whom, or in the sentence of what was done. */
      search: optionalLine(200).optional(),
      /** The operations whose sentences have a word of the search, in the reader's language. Nothing said of a word: in English. */
      meant: z
        .array(z.strictObject({ word: line(200), operations: z.array(line(100)).max(200) }))
        .max(8)
        .optional(),
      outcome: z.enum(['done', 'refused']).optional(),
      from: z.iso.datetime().optional(),
      to: z.iso.datetime().optional(),
      before: z.int().min(1).optional(),
      limit: z.int().min(1).max(500).default(100),
      /** Said with the first page of what is saved elsewhere: then it is noted here that somebody did. */
      isExport: z.boolean().default(false),
    }),
    z.object({ entries: z.array(AuditEntry), hasMore: z.boolean() }),
    needs('audit.see', 'anything'),
  ),
}
