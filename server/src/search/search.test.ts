import assert from 'node:assert/strict'
import { afterAll, afterEach, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import { house, type House, type Someone } from '../chat/testing/house.ts'

let hub: House
beforeAll(async () => void (hub = await house(inject('cluster'))))
afterEach(() => assert.deepEqual(hub.faults.splice(0), [], 'something broke on the way'))
afterAll(() => hub.close())

async function library() {
  const [alice, bob] = [await hub.person('Alice'), await hub.person('Bob')]
  return { alice, bob, ...(await hub.room(alice, bob)) }
}
const found = async (who: Someone, text: string, more: { roomId?: string; before?: string } = {}) =>
  (await who.call('search.messages', { text, ...more })).hits.map(({ message }) => message.body)

test('words are found by their beginnings, in any spelling, newest first', async () => {
  const { alice, bob, roomId } = await library()
  await alice.say(roomId, 'The Café on Hauptstraße opens at nine')
  await bob.say(roomId, 'cafeteria or café?')
  await bob.say(roomId, 'tea')
  assert.deepEqual(await found(bob, 'CAFE'), ['cafeteria or café?', 'The Café on Hauptstraße opens at nine'])
  assert.deepEqual(await found(bob, 'café hauptstrasse'), ['The Café on Hauptstraße opens at nine'])
  assert.deepEqual(await found(bob, 'straße'), [])
  assert.deepEqual(await found(bob, 'cafe tea'), [])
  assert.deepEqual(await found(bob, '!?'), [])
  const { hits, people, next } = await bob.call('search.messages', { text: 'tea', roomId })
  assert.deepEqual([hits[0]?.room.name, people.map(({ name }) => name).sort(), next], ['Garden', ['Alice', 'Bob'], null])
})

test('text without spaces is found by any stretch of it', async () => {
  const { alice, roomId } = await library()
  await alice.say(roomId, '明日は東京都庁で会議があります')
  await alice.say(roomId, '京都へ行きます')
  await alice.say(roomId, '東の京')
  assert.deepEqual(await found(alice, '東京'), ['明日は東京都庁で会議があります'])
  assert.deepEqual(await found(alice, '京都'), ['京都へ行きます', '明日は東京都庁で会議があります'])
  assert.deepEqual(await found(alice, '会議 東京都'), ['明日は東京都庁で会議があります'])
  assert.deepEqual(await found(alice, '庁'), ['明日は東京都庁で会議があります'])
})

test('only what one may read is found: the stretches of one’s seats', async () => {
  const { alice, bob, roomId } = await library()
  const stranger = await hub.person('Stranger')
  await alice.say(roomId, 'heron one')
  await bob.call('chat.room.leave', { roomId })
  await alice.say(roomId, 'heron two')
  assert.deepEqual(await found(alice, 'heron'), ['heron two', 'heron one'])
  assert.deepEqual(await found(bob, 'heron'), ['heron one'])
  assert.deepEqual(await found(bob, 'heron', { roomId }), ['heron one'])
  assert.deepEqual(await found(stranger, 'heron'), [])
  assert.equal((await stranger.refusal('search.messages', { text: 'heron', roomId })).key, 'chat.noSuchRoom')
  const other = await hub.room(alice)
  assert.deepEqual(await found(alice, 'heron', { roomId: other.roomId }), [])
})

test('what was edited is found by its new words only, and what was deleted by none', async () => {
  const { alice, roomId } = await library()
  const { id: messageId } = await alice.say(roomId, 'a magpie')
  await alice.call('chat.edit', { messageId, edits: 0, body: 'a kingfisher' })
  assert.deepEqual([await found(alice, 'magpie'), await found(alice, 'kingfisher')], [[], ['a kingfisher']])
  await alice.call('chat.delete', { messageId })
  assert.deepEqual(await found(alice, 'kingfisher'), [])
})

test('pages follow each other without a gap or a repetition, even where many were said in one moment', async () => {
  const { alice, roomId } = await library()
  await fill(roomId, alice.accountId, 100, sql`'2029-01-01'::timestamptz + make_interval(secs => n / 7)`)
  const all: string[] = []
  let before: string | undefined
  do {
    const { hits, next } = await alice.call('search.messages', { text: 'sparrow', ...(before && { before }) })
    assert.ok(hits.length <= 36)
    all.push(...hits.map(({ message }) => message.id))
    before = next ?? undefined
  } while (before)
  assert.deepEqual([all.length, new Set(all).size], [100, 100])
})

test('whatever is typed into the box, it answers', async () => {
  const { alice, roomId } = await library()
  await alice.say(roomId, `'":*&|!()<-> \\ 100% %s $1 🦆 ­\u202e`)
  for (const text of [`'`, `':*`, `a' & 'b`, `\\`, `<->`, '🦆', '100%', '\u202eabc', 'ﷺ', 'x'.repeat(200), '東'.repeat(200)])
    await found(alice, text)
  assert.equal((await alice.refusal('search.messages', { text: ' ' })).field, 'text')
  assert.equal((await alice.refusal('search.messages', { text: 'x'.repeat(201) })).field, 'text')
})

test(
  'among 125,000 messages an answer takes a fraction of reading them, however rare or common the word',
  { timeout: 120_000 },
  async () => {
    const { alice, roomId } = await library()
    const others = await Promise.all(Array.from({ length: 20 }, () => hub.room(alice)))
    const foreign = await hub.room(await hub.person('Somebody'))
    for (const [i, room] of [roomId, ...others.map((one) => one.roomId), foreign.roomId].entries())
      await fill(room, alice.accountId, 4_545, sql`'2020-01-01'::timestamptz + make_interval(secs => n * 22 + ${i}::int)`)

    // A word that others use all the time, where this reader has no seat.
    await fill(foreign.roomId, alice.accountId, 25_000, sql`'2020-01-01'::timestamptz + make_interval(secs => n * 4)`, 'hidden', 5_000)
    await sql`analyze search_entry`.execute(hub.db)

    const texts = ['hidden', 'sparrow', 'w7', 'w77', 'w777', 'w7777', 'w77 w78', 's', 'sparrow w12', 'nothing', 'word w1']
    /** By the fastest of some: whatever else the machine does makes single ones slow. */
    const took = new Map<string, number>()
    const time = async (what: string, run: () => Promise<unknown>) => {
      const beganAt = performance.now()
      await run()
      took.set(what, Math.min(took.get(what) ?? Infinity, performance.now() - beganAt))
    }
    // In its first runs a statement has not got its plan yet.
    for (const text of texts) await alice.call('search.messages', { text })
    for (let round = 0; round < 5; round++) {
      await time('reading all', () => sql`select count(*) from search_entry where strip(ts) @@ 'nothing'::tsquery`.execute(hub.db))
      for (const text of texts) {
        await time(text, () => alice.call('search.messages', { text }))
        await time(`${text} in a room`, () => alice.call('search.messages', { text, roomId }))
      }
    }
    const { 'reading all': all = 0, ...asked } = Object.fromEntries(took)
    const times = Object.values(asked).toSorted((one, other) => one - other)
    const figures = [...took].map(([what, ms]) => `${what} ${ms.toFixed(1)} ms`).join(', ')
    // Hits that the reader may not see, or walking all of time for a rare word, would be several times `all`.
    assert.ok(times[times.length >> 1]! < all / 2 && times.at(-1)! < all * 3, figures)
  },
)

/** Many messages with a common word, some rarer ones and one each, at times that the expression gives for `n`. */
async function fill(
  roomId: string,
  authorId: string,
  count: number,
  at: ReturnType<typeof sql>,
  common = 'sparrow',
  after = 0,
): Promise<void> {
  await sql`
    with said as (
      insert into message (id, room_id, seq, author_id, client_id, body, mentions, pictures, sent_at)
      select gen_random_uuid(), ${roomId}, n + ${after}::int, ${authorId}, gen_random_uuid(), ${common} || ' w' || n || ' w' || n % 100 || ' word', '{}', '[]', ${at}
      from generate_series(1, ${count}::int) as n returning id, room_id, seq, sent_at, body)
    insert into search_entry (message_id, room_id, seq, sent_at, ts)
    select id, room_id, seq, sent_at, to_tsvector('simple', body) || ${`'#${roomId}'`}::tsvector from said`.execute(hub.db)
}
