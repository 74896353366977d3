import { z } from 'zod'

/** The things that have ids. A test makes one object of each that belongs to somebody else, and tries every operation on it. */
export const brands = z.registry<{ brand: Brand }>()
export type Brand =
  | 'account'
  | 'message'
  | 'picture'
  | 'room'
  | 'session'
  | 'file'
  | 'meeting'
  | 'participant'
  | 'target'
  | 'domain'
  | 'cos'
  | 'list'
  | 'resource'
  | 'grant'
  | 'factor'
  | 'token'
  | 'device'
  | 'provider'

/**
 * An id is a uuid (ours are version 7). The brand keeps a room's id from being used as a message's. Small letters: the
 * database takes both spellings for one id, but a topic named by the other would be another topic.
 */
function id<const B extends Brand>(brand: B) {
  const schema = z.uuid().toLowerCase().brand<B>()
  brands.add(schema, { brand })
  return schema
}

export const AccountId = id('account')
export type AccountId = z.output<typeof AccountId>
export const RoomId = id('room')
export type RoomId = z.output<typeof RoomId>
export const MessageId = id('message')
export type MessageId = z.output<typeof MessageId>
export const PictureId = id('picture')
export type PictureId = z.output<typeof PictureId>
export const SessionId = id('session')
export type SessionId = z.output<typeof SessionId>
export const FileId = id('file')
export type FileId = z.output<typeof FileId>
export const MeetingId = id('meeting')
export type MeetingId = z.output<typeof MeetingId>
export const ParticipantId = id('participant')
export type ParticipantId = z.output<typeof ParticipantId>

export const TargetId = id('target')
export type TargetId = z.output<typeof TargetId>

/** An id as we write it. */
export const isUuid = (text: string): boolean => /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(text)

export const DomainId = id('domain')
export type DomainId = z.output<typeof DomainId>
/** A class of service. */
export const CosId = id('cos')
export type CosId = z.output<typeof CosId>
export const ListId = id('list')
export type ListId = z.output<typeof ListId>
export const ResourceId = id('resource')
export type ResourceId = z.output<typeof ResourceId>
export const GrantId = id('grant')
export type GrantId = z.output<typeof GrantId>
/** A passkey, or the secret of an authenticator. */
export const FactorId = id('factor')
export type FactorId = z.output<typeof FactorId>
/** An application password, or a token for scripts. */
export const TokenId = id('token')
export type TokenId = z.output<typeof TokenId>
/** A browser that was trusted with the second factor for a while. */
export const DeviceId = id('device')
export type DeviceId = z.output<typeof DeviceId>
/** An identity provider of a domain, or its LDAP server. */
export const ProviderId = id('provider')
export type ProviderId = z.output<typeof ProviderId>

/** Chosen by the client for each command: a repetition carries the same one. */
export const ClientId = z.uuid().toLowerCase()
/** A number in a topic: the order of everything in it. No more than the database counts, and one less, for what comes after it. */
export const Seq = z
  .int()
  .min(0)
  .max(2 ** 31 - 2)
export type Seq = z.output<typeof Seq>
