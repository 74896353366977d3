import { z } from 'zod'
import { command, fact, perAccount, perSource, query } from './kernel.ts'
import { Look } from './domains.ts'
import { SignedIn } from './factors.ts'
import { AccountId, ClientId, DomainId, PictureId } from './ids.ts'
import { Address, line, name, optionalLine, Password } from './text.ts'

/** What everybody signed in may know of a person. */
export const Person = z.object({
  id: AccountId,
  kind: z.enum(['person', 'guest', 'bot', 'system']),
  name: z.string(),
  address: z.string().nullable(),
  title: z.string(),
  picture: PictureId.nullable(),
  /**
   * `invited`: has not chosen a password yet. `maintenance`, `locked`, `closed`: nobody signs in, and what is sent waits, is kept, or is
   * refused. `pending`: as closed, and not in the address list yet. `deleted`: the name is gone too.
   */
  status: z.enum(['active', 'invited', 'pending', 'maintenance', 'locked', 'closed', 'deleted']),
  isAdministrator: z.boolean(),
})
export type Person = z.output<typeof Person>

export const Language = z.enum(['en', 'de'])
export type Language = z.output<typeof Language>
export const Organisation = z.object({ name: z.string(), domain: z.string() })
export type Organisation = z.output<typeof Organisation>
/** `domainId`: a guest of a meeting has none. `look`: what my pages wear. `mayAdminister`: anything at all. */
export const Me = SignedIn.extend({
  person: Person,
  language: Language.nullable(),
  organisation: Organisation,
  domainId: DomainId.nullable(),
  look: Look,
  mayAdminister: z.boolean(),
})
export type Me = z.output<typeof Me>

/** A link that works once: whoever has it chooses the password. Shown once to the administrator, and mailed. */
export const Invitation = z.object({ path: z.string(), expiresAt: z.iso.datetime() })
export type Invitation = z.output<typeof Invitation>

export const directory = {
  'directory.me': query(z.strictObject({}), Me, { guests: true }),
  /** Sorted by name. `search` finds words of the name and the address by their beginnings; `after` is the last id of the page before. */
  'directory.people': query(
    z.strictObject({
      search: optionalLine(200).optional(),
      after: AccountId.optional(),
      limit: z.int().min(1).max(100).default(50),
      include: z.enum(['active', 'everyone']).default('active'),
    }),
    z.object({ people: z.array(Person), hasMore: z.boolean() }),
  ),
  'directory.people.of': query(z.strictObject({ ids: z.array(AccountId).min(1).max(200) }), z.array(Person)),

  'directory.profile.change': command(
    z.strictObject({
      clientId: ClientId,
      name: name.optional(),
      title: optionalLine(200).optional(),
      picture: PictureId.nullable().optional(),
      language: Language.optional(),
    }),
    Me,
    // No receipt: it would keep the name for two weeks after the account is deleted.
    { repeat: 'natural' },
  ),
  'directory.person.add': command(
    z.strictObject({
      clientId: ClientId,
      name,
      address: Address,
      title: optionalLine(200).default(''),
      isAdministrator: z.boolean().default(false),
    }),
    z.object({ person: Person, invitation: Invitation }),
    { limit: perAccount(60, '1 min'), repeat: 'natural' },
  ),
  'directory.person.change': command(
    z.strictObject({
      clientId: ClientId,
      accountId: AccountId,
      name: name.optional(),
      title: optionalLine(200).optional(),
      isAdministrator: z.boolean().optional(),
      status: z.enum(['active', 'locked']).optional(),
    }),
    Person,
    { repeat: 'natural' },
  ),
  /** A new link for somebody who lost the first one, or the password. */
  'directory.person.invite': command(z.strictObject({ clientId: ClientId, accountId: AccountId }), Invitation, {
    limit: perAccount(60, '1 min'),
    repeat: 'natural',
  }),
  /** Closes one's own account: sessions end, name, address and picture are forgotten; what one wrote stays without a name, or goes too. */
  'directory.account.delete': command(
    z.strictObject({ clientId: ClientId, password: Password, messages: z.enum(['keep', 'delete']) }),
    z.object({}),
    { door: 'http', limit: perSource(10, '1 min'), repeat: 'natural' },
  ),

  'directory.person.changed': fact('directory', Person),
  /** Somebody lost the right to be here or in one place: processes cut what depends on it. */
  'directory.right.revoked': fact(
    'revocations',
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('account'), accountId: z.string(), reason: z.enum(['locked', 'deleted']) }),
      /** Everybody who is at home in it: processes look up which of theirs that are. */
      z.object({ kind: z.literal('domain'), domainId: z.string(), reason: z.enum(['locked']) }),
      z.object({
        kind: z.literal('session'),
        accountId: z.string(),
        sessionIds: z.array(z.string()),
        reason: z.enum(['signed_out', 'session_ended', 'password_changed']),
      }),
      z.object({ kind: z.literal('seat'), accountId: z.string(), roomId: z.string(), toSeq: z.int() }),
      /** In a meeting: out of it, or not a host any more. */
      z.object({
        kind: z.literal('participant'),
        accountId: z.string(),
        meetingId: z.string(),
        participantId: z.string(),
        isOut: z.boolean(),
      }),
      /**
       * Something about a file, or a folder and all that lies in it, was taken from this person: a share, or it went where they
       * may not see it. Null: from everybody who saw it where it lay; then each document in a folder is said by its own id, too.
       * Who holds a file open asks again.
       */
      z.object({ kind: z.literal('file'), accountId: z.string().nullable(), fileId: z.string() }),
    ]),
  ),
}
export const OrganisationName = line(200)
