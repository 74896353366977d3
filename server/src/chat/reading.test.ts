import assert from 'node:assert/strict'
import { afterAll, afterEach, beforeAll, inject, test } from 'vitest'
import type { Event } from '@atrium/platform'
import { converges, randomOf } from '@atrium/platform/testing'
import type { Message, RoomView } from '@atrium/protocol'
import { applyChat } from '@atrium/protocol/apply'
import { house, type House, type Someone } from './testing/house.ts'

let hub: House
beforeAll(async () => void (hub = await house(inject('cluster'))))
afterEach(() => assert.deepEqual(hub.faults.splice(0), [], 'something broke on the way'))
afterAll(() => hub.close())

const bodiesOf = (messages: { body: string }[]) => messages.map(({ body }) => body)

test('a room opens at its newest page, or with a number in its middle, and is paged both ways', async () => {
  const [alice, bob] = [await hub.person('Alice'), await hub.person('Bob')]
  const { roomId } = await hub.room(alice, bob)
  for (let i = 1; i <= 120; i++) await alice.say(roomId, `${i}`)
  const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`)

  const newest = (await bob.call('chat.open', { roomId })).view
  assert.deepEqual([bodiesOf(newest.messages), newest.hasEarlier, newest.hasLater], [numbers(71, 120), true, false])
  const middle = (await bob.call('chat.open', { roomId, around: 60 })).view
  assert.deepEqual([bodiesOf(middle.messages), middle.hasEarlier, middle.hasLater], [numbers(35, 84), true, true])
  const end = (await bob.call('chat.open', { roomId, around: 110 })).view
  assert.deepEqual([end.messages.at(-1)?.body, end.hasLater], ['120', false])

  const before = await bob.call('chat.history', { roomId, before: middle.messages[0]!.seq })
  assert.deepEqual([bodiesOf(before.messages), before.hasMore], [numbers(1, 34), false])
  const after = await bob.call('chat.history', { roomId, after: 20 })
  assert.deepEqual([bodiesOf(after.messages), after.hasMore], [numbers(21, 70), true])
  assert.equal((await bob.refusal('chat.history', { roomId })).code, 'invalid')
  assert.equal((await bob.refusal('chat.history', { roomId, before: 1, after: 1 })).code, 'invalid')
})

test('a room opens with everybody whose name is in it, in few statements', async () => {
  const [alice, bob, carol, dora] = [
    await hub.person('Alice'),
    await hub.person('Bob'),
    await hub.person('Carol'),
    await hub.person('Dora'),
  ]
  const { roomId } = await hub.room(alice, bob, carol, dora)
  const { id: messageId } = await bob.say(roomId, 'Carol?', { mentions: [carol.accountId] })
  await dora.call('chat.react', { messageId, emoji: '👍', isOn: true })
  await bob.call('chat.room.leave', { roomId })
  hub.statements.length = 0
  const { people } = await alice.call('chat.open', { roomId })
  // The seat, the page, the people, where the topic stands; and a transaction around them.
  assert.ok(hub.statements.length <= 6, hub.statements.join('\n'))
  assert.deepEqual(people.map(({ name }) => name).sort(), ['Alice', 'Bob', 'Carol', 'Dora'])
})

/** What a screen with this room does: facts of the room and of one's own account, through the reducers. */
async function screensConverge(alice: Someone, roomId: string, action: () => Promise<unknown>): Promise<RoomView> {
  const heard = hub.hear(`room:${roomId}`)
  const mine = hub.hear(`account:${alice.accountId}`)
  const viewer = { accountId: alice.accountId }
  const apply = (view: RoomView, { name, payload }: Pick<Event, 'name' | 'payload'>) =>
    name in applyChat ? applyChat[name as keyof typeof applyChat](view, payload as never, viewer) : view
  /** Of one's own account the newest word counts, whenever it comes. */
  const withMine = (view: RoomView) => mine.reduce(apply, view)
  return converges<RoomView>({
    async load() {
      const { view, at } = await alice.call('chat.open', { roomId })
      return { state: view, at: at.seq }
    },
    apply: (view, fact) => withMine(apply(view, fact)),
    heard: () => heard,
    async missed(after) {
      const positions = [{ topic: `room:${roomId}`, seq: after }]
      const [delta] = await alice.call('sync.since', { epoch: hub.epoch, positions })
      if (delta?.kind !== 'delta') return assert.fail(`expected a delta, got ${delta?.kind}`)
      return delta.facts.map(({ name, payload, at }) => ({ name, payload, ...at }))
    },
    action,
  })
}

test('every screen converges: who was there, who came late, who was away', async () => {
  const [alice, bob, carol] = [await hub.person('Alice'), await hub.person('Bob'), await hub.person('Carol')]
  const { roomId } = await hub.room(alice, bob)
  const known: Message[] = []
  for (const body of ['a', 'b', 'c', 'd', 'e']) known.push(await bob.say(roomId, body))
  const edit = (who: Someone, message: Message, body: string, mentions: string[] = []) =>
    who.call('chat.edit', { messageId: message.id, edits: message.edits, body, mentions })
  const drop = (who: Someone, message: Message) => who.call('chat.delete', { messageId: message.id })
  const react = (who: Someone, message: Message, emoji: string, isOn = true) =>
    who.call('chat.react', { messageId: message.id, emoji, isOn })

  const state = await screensConverge(alice, roomId, () =>
    Promise.all([
      ...Array.from({ length: 12 }, (_, i) => (i % 2 ? alice : bob).say(roomId, `new ${i}`)),
      bob
        .say(roomId, 'draft')
        .then((message) => edit(bob, message, 'better', [alice.accountId]))
        .then((message) => edit(bob, message, 'best')),
      bob.say(roomId, 'never mind', { mentions: [alice.accountId] }).then((message) => drop(bob, message)),
      bob.say(roomId, 'Alice!', { mentions: [alice.accountId] }).then((message) => react(alice, message, '🎉')),
      edit(bob, known[0]!, 'A', [alice.accountId]),
      drop(bob, known[1]!),
      react(alice, known[2]!, '👍').then(() => react(bob, known[2]!, '👍')),
      // An edit carries the whole message, so it must not leave out what others added to it.
      react(alice, known[4]!, '🌱').then(() => edit(bob, known[4]!, 'E')),
      react(bob, known[2]!, '🎉'),
      react(bob, known[0]!, '👍').then(() => react(bob, known[0]!, '👍', false)),
      alice.call('chat.read', { roomId, read: known[2]!.seq }),
      alice.call('chat.room.mute', { roomId, isMuted: true }),
      alice
        .call('chat.room.change', { roomId, name: 'Orchard' })
        .then(() => alice.call('chat.room.invite', { roomId, accountIds: [carol.accountId] }))
        .then(() => carol.say(roomId, 'hello all'))
        .then(() => carol.call('chat.room.leave', { roomId })),
    ]),
  )
  assert.equal(state.messages.length, 4 + 12 + 1 + 1 + 1)
  assert.deepEqual([state.room.name, state.room.memberCount, state.seat.isMuted], ['Orchard', 2, true])
  assert.equal(state.seen.read, known[2]!.seq)
  assert.deepEqual(state.messages.find(({ body }) => body === 'E')?.reactions, [{ emoji: '🌱', by: [alice.accountId] }])
})

for (const seed of [1, 2, 3])
  test(`random stories converge (seed ${seed})`, async () => {
    const random = randomOf(seed)
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
    const [alice, bob, carol] = [await hub.person('Alice'), await hub.person('Bob'), await hub.person('Carol')]
    const { roomId } = await hub.room(alice, bob, carol)
    const everybody = [alice, bob, carol]
    const said: { by: Someone; message: Message }[] = []
    const emoji = ['👍', '🎉', '🌱']
    const deeds = [
      async (by: Someone) =>
        void said.push({ by, message: await by.say(roomId, `${random()}`, { mentions: [pick(everybody).accountId] }) }),
      async () => {
        const { by, message } = pick(said)
        const reply = await by.ask('chat.edit', {
          messageId: message.id,
          edits: message.edits,
          body: `${random()}`,
          mentions: [alice.accountId],
        })
        if (reply.ok) message.edits = reply.data.edits
      },
      async () => {
        const { by, message } = pick(said)
        await by.ask('chat.delete', { messageId: message.id })
      },
      async (by: Someone) =>
        void (await by.ask('chat.react', { messageId: pick(said).message.id, emoji: pick(emoji), isOn: random() < 0.7 })),
      async () => void (await alice.call('chat.read', { roomId, read: pick(said).message.seq })),
    ]
    for (const by of everybody) await deeds[0]!(by)
    await screensConverge(alice, roomId, () => Promise.all(Array.from({ length: 40 }, () => pick(deeds)(pick(everybody)))))
  })
