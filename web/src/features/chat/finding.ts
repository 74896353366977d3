import type { Person } from '@atrium/protocol'
import type { Chat } from './chat.svelte.ts'
import type { RoomState } from './room.svelte.ts'

const most = 8
const fold = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase()

/** People whose name has words that begin so; those of this room first. Who is known is there at once, the hub knows the rest. */
export async function peopleLike(chat: Chat, room: RoomState, words: string): Promise<Person[]> {
  const asked = fold(words).split(/\s+/).filter(Boolean)
  const fits = ({ name }: Person) => asked.every((word) => ` ${fold(name)}`.includes(` ${word}`))
  const near = new Set(room.view?.room.someMembers)
  for (const message of room.messages) near.add(message.authorId)
  const sorted = (people: Iterable<Person>) =>
    [...people]
      .filter((person) => person.id !== chat.me && person.status === 'active' && fits(person))
      .sort((a, b) => Number(near.has(b.id)) - Number(near.has(a.id)) || a.name.localeCompare(b.name))
      .slice(0, most)

  const known = sorted(chat.people.all)
  if (known.length >= most || words.trim() === '') return known
  const reply = await chat.hub.call('directory.people', { search: words, limit: 20 })
  if (!reply.ok) return known
  chat.people.learn(reply.data.people)
  return sorted(chat.people.all)
}
