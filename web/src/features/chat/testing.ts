import type { Me, Message, Person, Position, Reply, RoomView } from '@atrium/protocol'
import type { Ears, Transport } from '#lib/hub/transport.ts'
import { openHub } from '#lib/hub/hub.svelte.ts'
import { keptFor } from '#lib/kept.ts'
import { Chat } from './chat.svelte.ts'

/** The other end of the wire, for tests: a room in memory that answers, counts its facts, and can fall silent. */
export const alice = '0190c0de-0000-7000-8000-00000000000a'
export const bob = '0190c0de-0000-7000-8000-00000000000b'
export const roomId = '0190c0de-0000-7000-8000-000000000007'
const epoch = '0190c0de-0000-7000-8000-0000000000ee'
const topic = `room:${roomId}`

const person = (id: string, name: string) =>
  ({ id, kind: 'person', name, address: null, title: '', picture: null, status: 'active', isAdministrator: false }) as unknown as Person

export interface Asked {
  name: string
  input: Record<string, unknown>
}
type Answer = (input: Record<string, unknown>) => Reply<unknown>
const ok = (data: unknown): Reply<unknown> => ({ ok: true, data })

export function wire() {
  let ears!: Ears
  const facts: { name: string; payload: unknown }[] = []
  const mine: { name: string; payload: unknown }[] = []
  const messages: Message[] = []
  const asked: Asked[] = []
  const held: (() => void)[] = []
  const settings = { isHolding: false, pageSize: 50, isConnected: true }
  const room = { id: roomId, kind: 'group', name: 'plans', about: '', isArchived: false, memberCount: 2, someMembers: [alice, bob] }
  const seat = { role: 'owner', isMuted: false, isLent: false }
  let read = 0

  const seen = () => {
    const waiting = messages.filter((one) => one.authorId !== alice && one.seq > read)
    return {
      read,
      waiting: waiting.map((one) => one.seq),
      mentions: waiting.filter((one) => one.mentions.includes(alice as never)).map((one) => one.seq),
    }
  }
  const view = (): RoomView => {
    const shown = messages.slice(-settings.pageSize)
    const hasEarlier = shown.length < messages.length
    const whole = { room, seat, seen: seen(), messages: shown, hasEarlier, hasLater: false } satisfies Record<keyof RoomView, unknown>
    return whole as unknown as RoomView
  }
  const entry = () => ({ room, seat, seen: seen(), latest: null, createdAt: '2026-01-01T00:00:00.000Z' })

  const tell = (name: string, payload: unknown, of = topic) => {
    const journal = of === topic ? facts : mine
    journal.push({ name, payload })
    return journal.length
  }
  const deliver = (seq: number, of = topic) => {
    const fact = (of === topic ? facts : mine)[seq - 1]!
    if (settings.isConnected) ears.heard(fact.name, structuredClone(fact.payload), { topic: of, seq })
  }
  const store = (draft: { authorId: string; clientId: string; body: string; replyTo?: string | null; mentions?: string[] }): Message => {
    const known = messages.find((one) => one.clientId === draft.clientId && one.authorId === draft.authorId)
    if (known) return known
    const seq = facts.length + 1
    const message = {
      id: `0190c0de-0000-7000-9000-${String(seq).padStart(12, '0')}`,
      roomId,
      seq,
      sentAt: new Date(1_767_225_600_000 + seq * 1_000).toISOString(),
      edits: 0,
      replyTo: null,
      mentions: [],
      pictures: [],
      files: [],
      reactions: [],
      ...draft,
    } as unknown as Message
    messages.push(message)
    tell('chat.message.sent', message)
    return message
  }

  const answers: Record<string, Answer> = {
    'sync.watch': () =>
      ok({
        epoch,
        watching: [
          { topic, seq: facts.length },
          { topic: `account:${alice}`, seq: mine.length },
          { topic: 'directory:all', seq: 0 },
        ],
        missed: [],
      }),
    'sync.since': ({ positions }) =>
      ok(
        (positions as Position[]).map(({ topic: of, seq }) => {
          const journal = of === topic ? facts : mine
          const missed = journal.slice(seq).map((fact, at) => ({ ...fact, at: { topic: of, seq: seq + 1 + at } }))
          return { kind: 'delta', topic: of, seq: journal.length, hasMore: false, facts: structuredClone(missed) }
        }),
      ),
    'chat.rooms': () =>
      ok({
        rooms: [entry()],
        people: [person(alice, 'Alice'), person(bob, 'Bob')],
        epoch,
        at: { topic: `account:${alice}`, seq: mine.length },
      }),
    'chat.open': () => ok({ view: view(), people: [], epoch, at: { topic, seq: facts.length } }),
    'chat.history': ({ before }) => {
      const earlier = messages.filter((one) => one.seq < (before as number))
      return ok({ messages: earlier.slice(-settings.pageSize), hasMore: earlier.length > settings.pageSize, people: [] })
    },
    'chat.send': (input) => ok(store({ authorId: alice, ...(input as { clientId: string; body: string }) })),
    'chat.delete': ({ messageId }) => ok(remove(messageId as string)),
    'chat.read': (input) => ok({ read: (read = input['read'] as number) }),
    'chat.edit': ({ messageId, body }) => ok(edit(messageId as string, body as string)),
    'chat.react': ({ isOn, emoji }) => ok({ reactions: isOn ? [{ emoji, by: [alice] }] : [] }),
    'directory.people.of': () => ok([]),
    'presence.of': () => ok([]),
  }
  function remove(id: string) {
    const message = messages.find((one) => one.id === id)!
    messages.splice(messages.indexOf(message), 1)
    const gone = { id, roomId, seq: message.seq }
    tell('chat.message.deleted', gone)
    return gone
  }
  function edit(id: string, body: string) {
    const at = messages.findIndex((one) => one.id === id)
    const message = { ...messages[at]!, body, edits: messages[at]!.edits + 1 }
    messages[at] = message
    tell('chat.message.edited', message)
    return message
  }

  const pending = new Set<() => void>()
  const transport: Transport = {
    listen: (given) => void (ears = given),
    open: () => queueMicrotask(() => settings.isConnected && enter()),
    cut: () => undefined,
    tell: () => undefined,
    ask: (name, input) =>
      new Promise((resolve, reject) => {
        asked.push({ name, input: input as Asked['input'] })
        const reply = answers[name]!(structuredClone(input) as Asked['input'])
        pending.add(lose)
        function lose() {
          pending.delete(lose)
          reject(new Error('disconnected'))
        }
        const give = () => {
          if (pending.delete(lose)) resolve(structuredClone(reply))
        }
        if (settings.isHolding && !name.startsWith('sync.')) held.push(give)
        else queueMicrotask(give)
      }),
  }

  const enter = () => ears.opened(transport.ask('sync.watch', ears.greeting(), 1_000))

  return {
    answers,
    room,
    asked,
    settings,
    messages,
    store,
    remove,
    edit,
    tell,
    deliver,
    ears: () => ears,
    facts: () => facts.length,
    /** It knows no more how far was read. */
    forget: () => void (read = 0),
    askedFor: (name: string) => asked.filter((one) => one.name === name),
    /** Answers that were held back arrive. */
    release: () => held.splice(0).forEach((give) => give()),
    /** The connection breaks: what was asked is answered to nobody. */
    drop() {
      settings.isConnected = false
      held.splice(0)
      for (const lose of [...pending]) lose()
      ears.closed()
    },
    back() {
      settings.isConnected = true
      enter()
    },
    chat(refusals: string[] = []) {
      const me = { person: person(alice, 'Alice'), language: null, organisation: { name: 'House', domain: 'house.example' } } as Me
      const hub = openHub(alice, transport)
      const news: string[] = []
      const chat = new Chat({
        hub,
        me,
        kept: keptFor(alice),
        announce: (one) => void news.push(`${one.excerpt}${one.isForMe ? ' (for me)' : ''}`),
        refused: (failure) => void refusals.push(failure.key),
      })
      return Object.assign(chat, { news, stop: () => hub.stop() })
    },
  }
}
