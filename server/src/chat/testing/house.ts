import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { PoolConfig } from 'pg'
import { dispatcher, enqueue, memoryBus, since, workshop, type Actor, type Call, type Event } from '@atrium/platform'
import { diskBlobs } from '@atrium/platform/blobs/disk'
import { ed25519Tickets } from '@atrium/platform/tickets'
import { cloneDatabase } from '@atrium/platform/testing'
import {
  chat as chatContract,
  search as searchContract,
  sync,
  type AccountId,
  type Draft,
  type Failure,
  type Message,
  type OperationName,
  type Output,
  type Reply,
  type SessionId,
} from '@atrium/protocol'
import { accounts, type DirectoryTables } from '../../directory/index.ts'
import { pictures, type PictureTables } from '../../pictures/index.ts'
import { forget, index, search, type SearchTables } from '../../search/index.ts'
import { chat, type ChatTables } from '../index.ts'

const { 'sync.since': missed } = sync
const contract = { ...chatContract, ...searchContract, 'sync.since': missed }
type Contract = typeof contract

export type House = Awaited<ReturnType<typeof house>>
export type Someone = Awaited<ReturnType<House['person']>>

/** Chat and search on a database of their own: real dispatch, real PostgreSQL, real people; no network. */
export async function house(cluster: PoolConfig) {
  const statements: string[] = []
  const { db, close } = await cloneDatabase(cluster, (event) => void (event.level === 'query' && statements.push(event.query.sql)))
  const { rows } = await sql<{ id: string }>`select id from epoch`.execute(db)
  const epoch = rows[0]!.id
  const bus = memoryBus()
  const databaseOf = workshop(db, bus)
  let time = Date.UTC(2030, 0, 1)
  const now = () => new Date(++time)

  const people = accounts({ ...databaseOf<DirectoryTables>(), newId: randomUUID, defaults: {} })
  const folder = await mkdtemp(join(tmpdir(), 'atrium-chat-'))
  const images = pictures({
    ...databaseOf<PictureTables>(),
    blobs: await diskBlobs(folder),
    tickets: ed25519Tickets({ db, node: { name: 'test', id: 'test', boot: 'test' }, now, newId: randomUUID }),
    jobs: { enqueue },
    maySee: (...asked) => rooms.maySee(...asked),
    now,
    newId: randomUUID,
  })
  const rooms = chat({
    ...databaseOf<ChatTables>(),
    epoch,
    now,
    newId: randomUUID,
    bus,
    jobs: { enqueue },
    peopleOf: people.peopleOf,
    reachable: people.reachable,
    takesMessages: people.takesMessages,
    showReceipts: people.showReceipts,
    windowsOf: people.windowsOf,
    attach: images.attach,
    release: images.release,
    // There is no slice of files in this house.
    attachable: async () => undefined,
    // Nor one of lists.
    lists: { rows: async () => [], isKnown: async () => false, membersOf: async () => new Set() },
    index,
    forget,
  })
  const found = search({
    ...databaseOf<SearchTables>(),
    readableBy: rooms.readableBy,
    hitsAmong: rooms.hitsAmong,
    peopleOf: people.peopleOf,
  })
  const faults: unknown[] = []
  const dispatch = dispatcher<Contract>(
    contract,
    {
      ...rooms.handlers,
      ...found.handlers,
      'sync.since': async (actor, asked) =>
        since(
          db,
          asked,
          new Map([
            ...(await rooms.spansOf(
              actor,
              asked.positions.map(({ topic }) => topic),
            )),
            [`account:${actor.accountId}`, [{ from: 1, to: null }]],
          ]),
        ),
    },
    rooms.nudges,
    {
      throttle: { take: () => 0 },
      log: { debug() {}, warn: (...said: unknown[]) => faults.push(said), error: (...said: unknown[]) => faults.push(said) },
      checksOutput: true,
    },
  )
  const call: Call = { door: 'socket', source: '127.0.0.1', userAgent: 'test', requestId: randomUUID(), session: undefined }

  async function person(name: string, status = 'active') {
    const id = randomUUID() as AccountId
    await sql`insert into account (id, kind, name, title, status, is_administrator, created_at, sort_key, words)
      values (${id}, 'person', ${name}, '', ${status}, false, now(), ${name}, ${name})`.execute(db)
    return someone(id)
  }

  function someone(accountId: AccountId) {
    const actor: Actor = { accountId, kind: 'person', sessionId: randomUUID() as SessionId, scope: null }
    type Said<K extends OperationName<Contract>> = Omit<Draft<Contract, K>, 'clientId'> & { clientId?: string }
    const ask = <K extends OperationName<Contract>>(name: K, said: Said<K>): Promise<Reply<Output<Contract, K>>> => {
      const input = contract[name].kind === 'command' ? { clientId: randomUUID(), ...said } : said
      return dispatch(actor, name, input, call) as Promise<Reply<Output<Contract, K>>>
    }
    return {
      actor,
      accountId,
      ask,
      /** For the happy path: a refusal fails the test. */
      async call<K extends OperationName<Contract>>(name: K, said: Said<K>): Promise<Output<Contract, K>> {
        const reply = await ask(name, said)
        if (!reply.ok)
          throw new Error(
            `${name}: ${JSON.stringify(reply.error)} ${String((faults.at(-1) as unknown[] | undefined)?.[0] instanceof Object ? JSON.stringify(faults.at(-1), replaceError) : '')}`,
          )
        return reply.data
      },
      /** What it is refused with. */
      async refusal<K extends OperationName<Contract>>(name: K, said: Said<K>): Promise<Failure> {
        const reply = await ask(name, said)
        return reply.ok ? assert.fail(`${name} was not refused`) : reply.error
      },
      say: (roomId: string, body: string, more: Partial<Draft<Contract, 'chat.send'>> = {}): Promise<Message> =>
        dispatch(actor, 'chat.send', { clientId: randomUUID(), roomId, body, ...more }, call).then((reply) =>
          reply.ok ? (reply.data as Message) : assert.fail(JSON.stringify(reply.error)),
        ),
      nudge: (roomId: string) => dispatch(actor, 'chat.typing', { roomId }, call),
    }
  }

  /** A group of these people, the first of whom owns it, and everything that is heard in it. */
  async function room(owner: ReturnType<typeof someone>, ...members: { accountId: AccountId }[]) {
    const memberIds = members.map(({ accountId }) => accountId)
    const { room } = await owner.call('chat.room.create', { name: 'Garden', memberIds })
    return { roomId: room.id, heard: hear(`room:${room.id}`) }
  }

  /** What reaches a topic from now on. */
  function hear(topic: string): Event[] {
    const heard: Event[] = []
    bus.subscribe(topic, (event) => heard.push(event))
    return heard
  }

  /** Every table that holds a text: what was deleted must be in none. */
  async function tracesOf(word: string): Promise<string[]> {
    const { rows: tables } = await sql<{ name: string }>`
      select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`.execute(db)
    const traces: string[] = []
    for (const { name } of tables) {
      const { rows: hits } = await sql`select 1 from ${sql.table(name)} as any_row where any_row::text like ${`%${word}%`} limit 1`.execute(
        db,
      )
      if (hits.length > 0) traces.push(name)
    }
    return traces.sort()
  }

  return {
    db,
    databaseOf,
    epoch,
    rooms,
    statements,
    faults,
    person,
    someone,
    room,
    hear,
    tracesOf,
    /** Lets time pass by the server's clock. */
    advance: (ms: number) => void (time += ms),
    async close() {
      await close()
      await rm(folder, { recursive: true })
    },
  }
}

const replaceError = (_key: string, value: unknown) => (value instanceof Error ? `${value.stack} ${JSON.stringify(value)}` : value)
