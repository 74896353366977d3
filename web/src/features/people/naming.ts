import type { AccountId, Person, Room } from '@atrium/protocol'
import { m } from '#lib/i18n/index.ts'

type PersonOf = (id: AccountId) => Person | undefined

export const nameOf = (person: Person | undefined): string => (person === undefined ? '…' : person.name || m.chat_former_person())

/** The other one in a direct room; myself in the room of my notes. */
export const otherIn = (room: Room, me: AccountId): AccountId => room.someMembers.find((id) => id !== me) ?? me

export function titleOf(room: Room, me: AccountId, personOf: PersonOf): string {
  if (room.kind !== 'direct') return room.name
  const other = otherIn(room, me)
  return other === me ? m.chat_notes() : nameOf(personOf(other))
}
export const pictureOf = (person: Pick<Person, 'picture'> | undefined): string | undefined =>
  person?.picture ? `/picture/${person.picture}` : undefined
