import { fail, type Actor, type Database, type Reading } from '@atrium/platform'
import type { Hub, Input, Output, Person } from '@atrium/protocol'
import type { Chat } from '../chat/index.ts'
import { find, type SearchTables } from './store.ts'
import { queryOf } from './words.ts'

export interface SearchDeps extends Pick<Database<SearchTables>, 'db'> {
  readableBy: Chat['readableBy']
  hitsAmong: Chat['hitsAmong']
  peopleOf: (db: Reading<any>, accountIds: readonly string[]) => Promise<Person[]>
}

const pageSize = 30

export function searchService({ db, readableBy, hitsAmong, peopleOf }: SearchDeps) {
  return {
    async messages(actor: Actor, { text, roomId, before }: Input<Hub, 'search.messages'>): Promise<Output<Hub, 'search.messages'>> {
      const spans = await readableBy(actor, roomId)
      if (roomId && spans.length === 0) throw fail('not_found', 'chat.noSuchRoom')
      const query = queryOf(text)
      if (!query || spans.length === 0) return { hits: [], people: [], next: null }

      const found = await find(db, { query, spans, roomId, before: before === undefined ? undefined : new Date(before), limit: pageSize })
      const hits = inOrderOf(
        found.map(({ messageId }) => messageId),
        await hitsAmong(
          spans,
          found.map(({ messageId }) => messageId),
        ),
      )
      const people = await peopleOf(db, [
        ...new Set(hits.flatMap(({ message, room }) => [message.authorId, ...message.mentions, ...room.someMembers])),
      ])
      const next = found.length < pageSize ? null : found.at(-1)!.sentAt.toISOString()
      return { hits, people, next }
    },
  }
}

/** A message that was deleted between the two looks is not among the hits. */
function inOrderOf<H extends { message: { id: string } }>(ids: readonly string[], hits: readonly H[]): H[] {
  const known = new Map(hits.map((hit) => [hit.message.id, hit]))
  return ids.flatMap((id) => known.get(id) ?? [])
}
