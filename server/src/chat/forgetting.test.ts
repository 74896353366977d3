import assert from 'node:assert/strict'
import { beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import { until } from '@atrium/platform/testing'
import { house, password, type House } from '../directory/testing/house.ts'
import { forgottenAtOnce } from './rules.ts'

let here: House
beforeAll(async () => {
  here = await house(inject('cluster'))
  return () => here.close()
})

test('[CHAT-17] of somebody who said much, the newest words are gone with the account, and all the others soon after', async () => {
  const ada = await here.founded()
  const tom = await here.colleague(ada, 'Tom')
  const { room } = await tom.call('chat.room.create', { name: 'Oars', memberIds: [ada.accountId] })
  await ada.call('chat.send', { roomId: room.id, body: 'Mine stays.' })
  const many = 2 * forgottenAtOnce + 300
  // As many messages as years of talk leave, written beside the product: only their being there matters.
  await sql`
    with said as (
      insert into message (id, room_id, seq, author_id, client_id, body, mentions, pictures, sent_at)
      select uuidv7(), ${room.id}, 1000 + n, ${tom.accountId}, uuidv7(), 'ash or spruce ' || n, '{}', '[]', now() - interval '1 year' + n * interval '1 minute'
      from generate_series(1, ${many}::int) as n returning id, room_id, seq, sent_at
    ), found as (
      insert into search_entry (message_id, room_id, seq, sent_at, ts) select id, room_id, seq, sent_at, to_tsvector('simple', 'spruce') from said
    )
    insert into topic (name, seq) values (${`room:${room.id}`}, 1000 + ${many}::int) on conflict (name) do update set seq = excluded.seq`.execute(
    here.db,
  )
  const left = async () =>
    (
      await sql<{ words: number; entries: number; newest: number | null }>`
        select count(*) filter (where author_id = ${tom.accountId} and body is not null)::int as words,
          (select count(*)::int from search_entry) as entries, max(seq) filter (where author_id = ${tom.accountId} and body is not null) as newest
        from message`.execute(here.db)
    ).rows[0]!
  const deleted: number[] = []
  here.ground.bus.subscribe(`room:${room.id}`, ({ name, payload }) => {
    if (name === 'chat.message.deleted') deleted.push((payload as { seq: number }).seq)
  })

  await tom.call('directory.account.delete', { password, messages: 'delete' })
  assert.deepEqual(await left(), {
    words: many - forgottenAtOnce,
    entries: many - forgottenAtOnce + 1,
    newest: 1000 + many - forgottenAtOnce,
  })

  here.hub.rooms.work(here.queue)
  await until('all that was said is forgotten', async () => (await left()).words === 0, 20_000)
  assert.equal((await left()).entries, 1)
  await until('everybody in the room heard of each', () => new Set(deleted).size === many)
  assert.equal(deleted.length, many, 'once each')
  const { view } = await ada.call('chat.open', { roomId: room.id })
  assert.deepEqual(view.messages.map(({ body }) => body), ['Mine stays.']) // prettier-ignore
})
