import { createHash } from 'node:crypto'
import type { Profile } from '@atrium/protocol'
import { Address } from '@atrium/protocol/text'
import type { Entry } from './connection.ts'
import { namesIn } from './members.ts'
import type { Said, Words } from './presets.ts'

/** An account as its entry describes it. */
export interface AccountRecord {
  externalId: string
  dn: string
  version: string
  /** Null: it has none in this domain, and so is nobody here. */
  address: string | null
  name: string
  given: string
  initials: string
  surname: string
  title: string
  profile: Partial<Profile>
  status: Said
  /** Of all that is shown here: an entry that changed otherwise changes nothing. */
  hash: string
}
/** A group, with those in it as the server names them. */
export interface GroupRecord {
  externalId: string
  dn: string
  version: string
  address: string | null
  name: string
  description: string
  /** Lower case. */
  memberDns: string[]
  memberAddresses: string[]
  memberNames: string[]
  hash: string
}

/** By what an entry is known for good. Undefined: this is no server of that kind, or our account may not read it. */
export function idOf(words: Words, entry: Entry): string | undefined {
  return words.isBinaryId ? entry.bytes(words.id)?.toString('hex') : entry.one(words.id)?.toLowerCase()
}

export const accountAttributes = (words: Words): string[] => [
  ...new Set([
    ...[words.id, words.version, words.userName, words.given, words.initials, words.surname, words.title],
    ...words.address,
    ...words.name,
    ...words.statusAttributes,
    ...Object.values(words.profile),
  ]),
]
export const groupAttributes = (words: Words): string[] => [
  ...new Set([
    words.id,
    words.version,
    'objectClass',
    'description',
    ...words.groupName,
    ...words.groupAddress,
    ...words.members,
    ...words.memberAddresses,
    ...words.memberNames,
  ]),
]

const first = (entry: Entry, attributes: readonly string[]): string | undefined =>
  attributes.map((attribute) => entry.one(attribute)).find((value) => value !== undefined && value !== '')
/** What the database stores: whoever writes their own name there must not stop the mirror of everybody. */
const stored = (text: string, length: number): string => text.normalize('NFC').trim().slice(0, length).toWellFormed()
const short = (text: string | undefined, length: number): string => stored((text ?? '').replaceAll(/[\s\p{Cc}]+/gu, ' '), length)
const hashOf = (what: unknown): string => createHash('sha256').update(JSON.stringify(what)).digest('base64url')

/** The first address of the domain, or of none: who has two has one here. */
function addressIn(entry: Entry, attributes: readonly string[], domain: string): string | null {
  const all = attributes.flatMap((attribute) => entry.all(attribute)).map((value) => value.trim().toLowerCase())
  return all.find((value) => value.endsWith(`@${domain}`) && Address.safeParse(value).success) ?? null
}

/** Undefined: nothing says who it is. */
export function accountOf(words: Words, entry: Entry, domain: string, now: Date): AccountRecord | undefined {
  const externalId = idOf(words, entry)
  if (externalId === undefined) return undefined
  const given = short(entry.one(words.given), 200)
  const surname = short(entry.one(words.surname), 200)
  const address = addressIn(entry, words.address, domain)
  const profile = Object.fromEntries(
    Object.entries(words.profile).map(([field, attribute]) => [field, short(entry.one(attribute), field.startsWith('phone') ? 60 : 200)]),
  ) as Partial<Profile>
  const shown = {
    address,
    name: short(first(entry, words.name), 200) || `${given} ${surname}`.trim() || (address ?? ''),
    given,
    initials: short(entry.one(words.initials), 20),
    surname,
    title: short(entry.one(words.title), 200),
    profile,
    status: words.status(entry, now),
  }
  return { ...shown, externalId, dn: entry.dn, version: entry.one(words.version) ?? '', hash: hashOf(shown) }
}

export function groupOf(words: Words, entry: Entry, domain: string): GroupRecord | undefined {
  const externalId = idOf(words, entry)
  if (externalId === undefined) return undefined
  const plain = words.groupAddress
    .map((attribute) => entry.one(attribute)?.toLowerCase())
    .find((value) => value !== undefined && value !== '')
  const made =
    plain && !plain.includes('@')
      ? `${plain
          .normalize('NFKD')
          .replaceAll(/[^a-z0-9._+-]+/g, '-')
          .replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')}@${domain}`
      : null
  const shown = {
    address: addressIn(entry, words.groupAddress, domain) ?? (made && Address.safeParse(made).success ? made : null),
    name: short(first(entry, words.groupName), 200) || short(entry.dn, 200),
    description: stored((entry.one('description') ?? '').replaceAll('\0', ' '), 2_000),
    ...namesIn(words, entry),
  }
  return { ...shown, externalId, dn: entry.dn, version: entry.one(words.version) ?? '', hash: hashOf(shown) }
}
