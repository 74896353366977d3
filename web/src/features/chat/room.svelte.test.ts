import { flushSync } from 'svelte'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { RoomId } from '@atrium/protocol'
import { alice, bob, roomId, wire } from './testing.ts'

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
})
const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
  vi.useRealTimers()
})

const calm = (ms = 50) => vi.advanceTimersByTimeAsync(ms)
const draft = (body: string) => ({ body, replyTo: null, mentions: [], pictures: [], files: [] })

async function opened(prepare: (hub: ReturnType<typeof wire>) => void = () => {}) {
  const hub = wire()
  prepare(hub)
  const refusals: string[] = []
  const chat = hub.chat(refusals)
  stops.push(chat.stop)
  const room = chat.open(roomId as RoomId)
  await calm()
  await room.ready
  const screen = () => [
    ...room.messages.map((message) => message.body),
    ...room.pending.map((one) => `${one.body} …${one.failure ? ` ${one.failure.key}` : ''}`),
  ]
  return { hub, chat, room, screen, refusals }
}
const by = (authorId: string, clientId: string, body: string, mentions: string[] = []) => ({ authorId, clientId, body, mentions })

test('a message is there at once, marked until it is stored, and once', async () => {
  const { hub, room, screen } = await opened()
  hub.settings.isHolding = true
  room.send(draft('hello'))
  expect(screen()).toEqual(['hello …'])

  await calm()
  hub.release()
  await calm()
  expect(screen()).toEqual(['hello'])
  hub.deliver(1)
  expect(screen()).toEqual(['hello'])
})

test('its fact may come before the answer', async () => {
  const { hub, room, screen } = await opened()
  hub.settings.isHolding = true
  room.send(draft('hello'))
  await calm()
  hub.deliver(1)
  expect(screen()).toEqual(['hello'])
  hub.release()
  await calm()
  expect(screen()).toEqual(['hello'])
})

test('an answer that got lost is asked for again, with the same clientId', async () => {
  const { hub, room, screen } = await opened()
  hub.settings.isHolding = true
  room.send(draft('hello'))
  await calm()
  hub.drop()
  expect(screen()).toEqual(['hello …'])

  hub.settings.isHolding = false
  hub.back()
  await calm(1_000)
  expect(screen()).toEqual(['hello'])
  const [first, second] = hub.askedFor('chat.send')
  expect(second!.input['clientId']).toBe(first!.input['clientId'])
  expect(hub.messages.length).toBe(1)
})

test('messages written in the tunnel arrive in the order they were written', async () => {
  const { hub, room, screen } = await opened()
  hub.drop()
  for (const body of ['one', 'two', 'three']) room.send(draft(body))
  await calm(1_000)
  expect(screen()).toEqual(['one …', 'two …', 'three …'])
  hub.back()
  await calm(1_000)
  expect(screen()).toEqual(['one', 'two', 'three'])
  expect(hub.messages.map((message) => message.body)).toEqual(['one', 'two', 'three'])
})

test('a refused message waits for me, also after a reload, and can be tried again', async () => {
  const { hub, room, screen, chat } = await opened()
  const send = hub.answers['chat.send']!
  hub.answers['chat.send'] = () => ({ ok: false, error: { code: 'forbidden', key: 'chat.roomIsArchived' } })
  room.send(draft('too late'))
  await calm()
  expect(screen()).toEqual(['too late … chat.roomIsArchived'])
  chat.stop()

  hub.answers['chat.send'] = send
  const again = hub.chat()
  stops.push(again.stop)
  const reloaded = again.open(roomId as RoomId)
  await calm()
  expect(reloaded.pending.map((one) => one.failure?.key)).toEqual(['chat.roomIsArchived'])
  again.outbox.retry(reloaded.pending[0]!.clientId)
  await calm()
  expect(reloaded.pending).toEqual([])
  expect(reloaded.messages.map((message) => message.body)).toEqual(['too late'])
  expect(Object.keys(localStorage)).toEqual([])
})

test('what was on its way when the page closed is sent by the next', async () => {
  const { hub, room, chat } = await opened()
  hub.drop()
  room.send(draft('closing'))
  chat.stop()
  hub.settings.isConnected = true
  const again = hub.chat()
  stops.push(again.stop)
  await calm(1_000)
  expect(hub.messages.map((message) => message.body)).toEqual(['closing'])
  expect(again.outbox.waiting).toBe(0)
})

test('what others said while the line was cut is there afterwards, once', async () => {
  const { hub, screen } = await opened()
  hub.drop()
  hub.store(by(bob, 'c1', 'are you there'))
  hub.store(by(bob, 'c2', 'hello?'))
  hub.back()
  await calm(1_000)
  expect(screen()).toEqual(['are you there', 'hello?'])
})

test('a late answer does not bring back what was deleted meanwhile', async () => {
  const { hub, room, screen } = await opened()
  hub.settings.isHolding = true
  room.send(draft('oops'))
  await calm()
  hub.deliver(1)
  hub.remove(hub.messages[0]!.id)
  hub.deliver(2)
  expect(screen()).toEqual([])
  hub.release()
  await calm()
  expect(screen()).toEqual([])
})

test('deleting can be undone for some seconds, and nobody was told', async () => {
  const { hub, room, screen } = await opened((house) => void house.store(by(alice, 'c1', 'mine')))
  const { id } = room.messages[0]!
  room.delete(id)
  expect(screen()).toEqual([])
  await calm(3_000)
  room.undelete(id)
  expect(screen()).toEqual(['mine'])
  await calm(10_000)
  expect(hub.askedFor('chat.delete')).toEqual([])

  room.delete(id)
  await calm(7_000)
  expect(hub.askedFor('chat.delete').length).toBe(1)
  expect(screen()).toEqual([])
})

test('a page that closes deletes what was deleted', async () => {
  const { hub, room, chat } = await opened((house) => void house.store(by(alice, 'c1', 'mine')))
  room.delete(room.messages[0]!.id)
  chat.settle()
  await calm()
  expect(hub.messages).toEqual([])
})

test('an edit shows at once; one that lost against another is given back to be looked at', async () => {
  const { hub, room, screen, refusals } = await opened((house) => void house.store(by(alice, 'c1', 'first')))
  void room.edit(room.messages[0]!, { body: 'second', mentions: [] })
  expect(screen()).toEqual(['second'])
  await calm()
  expect(room.messages[0]).toMatchObject({ body: 'second', edits: 1 })

  hub.answers['chat.edit'] = () => ({ ok: false, error: { code: 'conflict', key: 'chat.changedMeanwhile' } })
  void room.edit(room.messages[0]!, { body: 'third', mentions: [] })
  await calm()
  expect(screen()).toEqual(['second'])
  expect(room.editing).toMatchObject({ body: 'third' })
  expect(refusals).toEqual(['chat.changedMeanwhile'])
})

test('a reaction shows at once and is taken back when it was refused', async () => {
  const { hub, room } = await opened((house) => void house.store(by(bob, 'c1', 'cake?')))
  const { id } = room.messages[0]!
  void room.react(id, '👍', true)
  expect(room.messages[0]!.reactions).toEqual([{ emoji: '👍', by: [alice] }])
  await calm()
  expect(room.messages[0]!.reactions).toEqual([{ emoji: '👍', by: [alice] }])

  hub.answers['chat.react'] = () => ({ ok: false, error: { code: 'conflict', key: 'chat.tooManyReactions' } })
  void room.react(id, '🎉', true)
  expect(room.messages[0]!.reactions.length).toBe(2)
  await calm()
  expect(room.messages[0]!.reactions.length).toBe(1)
})

test('what happens while a page is fetched is not undone by it', async () => {
  const { hub, room, screen } = await opened((house) => {
    house.settings.pageSize = 2
    for (const n of [1, 2, 3, 4]) house.store(by(bob, `c${n}`, `m${n}`))
  })
  expect(screen()).toEqual(['m3', 'm4'])
  hub.settings.isHolding = true
  const paging = room.page('earlier')
  await calm()
  hub.remove(hub.messages[0]!.id)
  hub.deliver(5)
  hub.release()
  await paging
  expect(screen()).toEqual(['m2', 'm3', 'm4'])
  expect(room.view?.hasEarlier).toBe(false)
})

/** How far the hub was told. */
const told = (hub: Awaited<ReturnType<typeof opened>>['hub']) => hub.askedFor('chat.read').map((one) => one.input['read'])

test('reading counts down the list and tells the hub once', async () => {
  const { hub, room, chat } = await opened((house) => {
    house.store(by(bob, 'c1', 'one'))
    house.store(by(bob, 'c2', 'for you', [alice]))
  })
  expect(chat.rooms.forMe).toBe(1)
  expect(room.newAfter).toBe(0)
  room.read()
  room.read()
  await calm()
  expect(chat.rooms.forMe).toBe(0)
  expect(told(hub)).toEqual([2])
})

test('what is read message by message is told at once, then once a second, and at the latest when one leaves', async () => {
  const { hub, room } = await opened()
  const hears = (clientId: string) => {
    hub.store(by(bob, clientId, clientId))
    hub.deliver(hub.facts())
    room.read()
  }
  for (const clientId of ['c1', 'c2', 'c3']) hears(clientId)
  expect(room.view?.seen.waiting).toEqual([])
  await calm()
  expect(told(hub)).toEqual([1])
  await calm(1_100)
  expect(told(hub)).toEqual([1, 3])
  await calm(1_100)
  hears('c4')
  hears('c5')
  await calm()
  expect(told(hub)).toEqual([1, 3, 4])
  room.tellRead()
  await calm()
  expect(told(hub)).toEqual([1, 3, 4, 5])
})

test('after what I said myself nothing waits anywhere: it is told when I leave', async () => {
  const { hub, room } = await opened()
  hub.store(by(alice, 'c1', 'mine'))
  hub.deliver(1)
  room.read()
  await calm(3_000)
  expect(told(hub)).toEqual([])
  room.tellRead()
  await calm()
  expect(told(hub)).toEqual([1])
})

test('a crowd does not say at one moment that it read: each waits a part of some seconds', async () => {
  const { hub, room } = await opened((house) => {
    house.room.memberCount = 500
    house.store(by(bob, 'c1', 'one'))
  })
  const random = vi.spyOn(Math, 'random').mockReturnValueOnce(0.5)
  onTestFinished(() => random.mockRestore())
  room.read()
  await calm(2_400)
  expect(told(hub)).toEqual([])
  await calm(200)
  expect(told(hub)).toEqual([1])
})

test('what is loaded afresh before the hub was told takes nothing back of what was read here', async () => {
  const { hub, room, chat } = await opened((house) => {
    house.room.memberCount = 500
    for (const clientId of ['c1', 'c2', 'c3']) house.store(by(bob, clientId, 'for you', [alice]))
  })
  room.read()
  room.left()
  await chat.hub.feed.reload(room.topic)
  expect(told(hub)).toEqual([])
  expect(room.view?.seen).toEqual({ read: 3, waiting: [], mentions: [] })
  expect(room.newAfter).toBe(undefined)
  expect(chat.rooms.forMe).toBe(0)
})

test('what was told is the hub’s to say: restored from a backup, it knows less, and that waits again', async () => {
  const { hub, room, chat } = await opened((house) => void house.store(by(bob, 'c1', 'one')))
  room.read()
  await calm()
  expect(told(hub)).toEqual([1])
  hub.forget()
  await chat.hub.feed.reload(room.topic)
  expect(room.view?.seen).toEqual({ read: 0, waiting: [1], mentions: [] })
})

test('reading on another screen counts here too', async () => {
  const { hub, chat, room } = await opened((house) => void house.store(by(bob, 'c1', 'for you', [alice])))
  hub.tell('chat.room.read', { roomId, read: 1 }, `account:${alice}`)
  hub.deliver(1, `account:${alice}`)
  expect(chat.rooms.forMe).toBe(0)
  expect(room.view?.seen.waiting).toEqual([])
})

test('what stirs off screen counts, and is announced once', async () => {
  const hub = wire()
  const chat = hub.chat()
  stops.push(chat.stop)
  await calm()
  const sent = { seq: 5, authorId: bob, excerpt: 'lunch?', sentAt: '2026-01-01T10:00:00.000Z', mentionsMe: true }
  hub.ears().heard('chat.stirring', { rooms: [{ roomId, sent: [sent], isStale: false }] }, `account:${alice}`)
  expect(chat.rooms.forMe).toBe(1)
  expect(chat.rooms.of(roomId as RoomId)?.latest?.excerpt).toBe('lunch?')
  expect(chat.news).toEqual(['lunch? (for me)'])
})

test('a room I am out of leaves the list and the screen', async () => {
  const { hub, chat, room } = await opened()
  hub.tell('chat.seat.left', { roomId }, `account:${alice}`)
  hub.deliver(1, `account:${alice}`)
  expect(chat.rooms.all).toEqual([])
  expect(room.isGone).toBe(true)
})

test('who writes is shown until the message is there, or for six seconds', async () => {
  const { hub, room } = await opened()
  hub.ears().heard('chat.typed', { roomId, accountId: bob }, `room:${roomId}`)
  expect(room.typing.who).toEqual([bob])
  hub.store(by(bob, 'c1', 'there'))
  hub.deliver(1)
  expect(room.typing.who).toEqual([])
  hub.ears().heard('chat.typed', { roomId, accountId: bob }, `room:${roomId}`)
  await calm(6_100)
  expect(room.typing.who).toEqual([])
})

test('a room opened again shows what it had, and what came meanwhile', async () => {
  const { hub, chat, room } = await opened((house) => void house.store(by(bob, 'c1', 'one')))
  hub.store(by(bob, 'c2', 'two'))
  hub.deliver(2)
  expect(chat.open(roomId as RoomId)).toBe(room)
  expect(room.messages.map((message) => message.body)).toEqual(['one', 'two'])
  expect(hub.askedFor('chat.open').length).toBe(1)
})

/** Opens so many other rooms that the first is let go. */
async function wander(chat: Awaited<ReturnType<typeof opened>>['chat']) {
  for (let n = 10; n < 20; n++) chat.open(roomId.replace(/7$/, `${n}`) as RoomId)
  await calm()
}

test('a room let go long ago is there at once, and then hears what it missed', async () => {
  const { hub, chat, room, screen } = await opened((house) => void house.store(by(bob, 'c1', 'one')))
  const asked = () => hub.askedFor('chat.open').filter((one) => one.input['roomId'] === roomId).length
  await wander(chat)
  hub.edit(hub.messages[0]!.id, 'one, corrected')
  expect(screen()).toEqual(['one'])

  expect(chat.open(roomId as RoomId)).toBe(room)
  expect(screen()).toEqual(['one'])
  await calm()
  expect(screen()).toEqual(['one, corrected'])
  hub.store(by(bob, 'c2', 'two'))
  hub.deliver(3)
  expect(screen()).toEqual(['one, corrected', 'two'])
  expect(asked()).toBe(1)
})

test('a room in which something was said since it was let go is opened anew, where reading ended', async () => {
  const { hub, chat, room } = await opened((house) => void house.store(by(bob, 'c1', 'one')))
  room.read()
  await wander(chat)
  const said = hub.store(by(bob, 'c2', 'two'))
  const sent = { seq: said.seq, authorId: bob, mentionsMe: false, excerpt: 'two', sentAt: said.sentAt }
  hub.ears().heard('chat.stirring', { rooms: [{ roomId, sent: [sent], isStale: false }] }, `account:${alice}`)

  const anew = chat.open(roomId as RoomId)
  expect(anew).not.toBe(room)
  await calm()
  expect(anew.messages.map((message) => message.body)).toEqual(['one', 'two'])
  expect(anew.newAfter).toBe(1)
})

test('a room outlives the page that opened it: whoever comes back to it sees what is said', async () => {
  const hub = wire()
  hub.store(by(bob, 'c1', 'one'))
  const chat = hub.chat()
  stops.push(chat.stop)
  /** As a page does: the room of its address is derived, and shown by an effect. */
  function page() {
    const shown: string[][] = []
    const leave = $effect.root(() => {
      const room = $derived(chat.open(roomId as RoomId))
      $effect(() => void shown.push([...room.messages.map((message) => message.body), ...room.pending.map((one) => `${one.body} …`)]))
    })
    flushSync()
    return { shown, leave }
  }
  const first = page()
  await calm()
  first.leave()

  const second = page()
  hub.store(by(bob, 'c2', 'two'))
  hub.deliver(2)
  flushSync()
  expect(second.shown.at(-1)).toEqual(['one', 'two'])
  chat.open(roomId as RoomId).send(draft('three'))
  flushSync()
  expect(second.shown.at(-1)).toEqual(['one', 'two', 'three …'])
  second.leave()
})
