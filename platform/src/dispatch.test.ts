import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, inject, test } from 'vitest'
import { sql, type Generated } from 'kysely'
import { z } from 'zod'
import { command, needs, nudge, perAccount, perSource, query, type AccountId, type Reply, type SessionId } from '@atrium/protocol'
import { maintain } from './db/maintenance.ts'
import { dispatcher, type Actor, type Call, type DispatchDeps, type Handlers, type Observation } from './dispatch.ts'
import { fail } from './errors.ts'
import type { Line } from './log.ts'
import { currentRequest } from './request.ts'
import { cloneDatabase } from './testing/index.ts'
import { throttle } from './throttle.ts'
import { workshop } from './work.ts'

let house: Awaited<ReturnType<typeof cloneDatabase>>
beforeAll(async () => {
  house = await cloneDatabase(inject('cluster'))
  await sql`create table note (id serial primary key, text text not null)`.execute(house.db)
})
afterAll(() => house.close())
beforeEach(() => sql`truncate note, receipt restart identity`.execute(house.db))

const ClientId = z.uuid()
const Note = z.strictObject({ clientId: ClientId, text: z.string().min(1).max(20), tags: z.array(z.string().max(5)).default([]) })
const Kept = z.object({ id: z.int(), text: z.string() })
const contract = {
  'note.add': command(Note, Kept),
  'note.add.secretly': command(Note, Kept, { repeat: 'refused' }),
  'note.add.naturally': command(Note, Kept, { repeat: 'natural' }),
  'note.count': query(z.strictObject({}), z.object({ count: z.int() })),
  'note.seldom': query(z.strictObject({ n: z.int() }), z.object({}), { limit: perAccount(2, '1 min') }),
  'note.peek': query(z.strictObject({}), z.object({}), { open: true, limit: perSource(2, '1 min') }),
  'note.signIn': command(z.strictObject({ clientId: ClientId }), z.object({}), { open: true, door: 'http', repeat: 'natural' }),
  'note.fail': query(z.strictObject({ how: z.string() }), z.object({ count: z.int() })),
  'note.see': query(z.strictObject({ how: z.string() }), z.object({}), { ...needs('account.see', 'anything'), saysWhoMay: true }),
  'note.look': query(z.strictObject({}), z.object({}), needs('account.see', 'anything')),
  'note.clear': command(z.strictObject({ clientId: ClientId }), z.object({}), { ...needs('account.see', 'anything'), saysWhoMay: true }),
  'note.typing': nudge(z.strictObject({ at: z.int() })),
}
type Notes = { note: { id: Generated<number>; text: string } }

const alice: Actor = { accountId: randomUUID() as AccountId, kind: 'person', sessionId: randomUUID() as SessionId, scope: null }
const bob: Actor = { ...alice, accountId: randomUUID() as AccountId }
const call = (door: Call['door'] = 'socket', source = '192.0.2.1'): Call => ({
  ...{ door, source, userAgent: 'test', requestId: randomUUID() },
  session: undefined,
})

/** A dispatch as one process has it: on the shared database, with handlers of a few lines. */
function hub(more: Partial<DispatchDeps> = {}, failure?: () => unknown) {
  const { work, db } = workshop(house.db, { publish() {} })<Notes>()
  const observed: Observation[] = []
  const logged: Line[] = []
  const nudged: number[] = []
  const requests: string[] = []
  const add = (_actor: Actor, { text }: z.output<typeof Note>) =>
    work(async (tx) => {
      requests.push(`${text} in ${currentRequest()?.id}`)
      if (text === 'refused') throw fail('conflict', 'chat.changedMeanwhile')
      return tx.insertInto('note').values({ text }).returning(['id', 'text']).executeTakeFirstOrThrow()
    })
  const handlers: Handlers<typeof contract> = {
    'note.add': add,
    'note.add.secretly': add,
    'note.add.naturally': add,
    'note.count': async () => ({ count: (await db.selectFrom('note').select('id').execute()).length }),
    'note.seldom': async () => ({}),
    'note.peek': async () => ({}),
    'note.signIn': async () => ({}),
    'note.fail': async () => failure!() as never,
    'note.see': (_actor, { how }) => {
      requests.push(how)
      if (how === 'badly') throw fail('not_found', 'notFound')
      return Promise.resolve({})
    },
    'note.look': async () => {
      requests.push('looked')
      return {}
    },
    'note.clear': async () => {
      requests.push('cleared')
      return {}
    },
  }
  const line = (entry: Line) => void logged.push(entry)
  const dispatch = dispatcher(
    contract,
    handlers,
    { 'note.typing': (_actor, { at }) => void nudged.push(at) },
    {
      throttle: throttle(house.db, () => 0),
      log: { debug: line, warn: line, error: line },
      observe: (observation) => observed.push(observation),
      ...more,
    },
  )
  return { dispatch, observed, logged, nudged, requests }
}
const refusal = (reply: Reply<unknown>) => {
  assert.ok(!reply.ok)
  const { code, key, field, params } = reply.error
  return { code, key, ...(field !== undefined && { field }), ...(params && { params }) }
}
const note = (text = 'hello', clientId: string = randomUUID()) => ({ clientId, text })
const notes = async () => (await sql<{ text: string }>`select text from note order by id`.execute(house.db)).rows.map(({ text }) => text)

test('what nobody offers is not found, and no name is one of an object itself', async () => {
  const { dispatch, observed } = hub()
  for (const name of ['note.remove', 'constructor', '__proto__', 'toString', ''])
    assert.deepEqual(refusal(await dispatch(alice, name, {}, call())), { code: 'not_found', key: 'noSuchOperation' })
  assert.deepEqual([...new Set(observed.map(({ operation }) => operation))], ['unknown'], 'no made-up name becomes a label')
})

test('what is open is open, everything else wants a session, and some things want the other door', async () => {
  const { dispatch, nudged } = hub()
  assert.deepEqual(await dispatch(undefined, 'note.peek', {}, call()), { ok: true, data: {} })
  for (const name of ['note.count', 'note.add', 'note.typing'])
    assert.deepEqual(refusal(await dispatch(undefined, name, { at: 1 }, call())), { code: 'unauthenticated', key: 'unauthenticated' })
  assert.equal(refusal(await dispatch(alice, 'note.signIn', { clientId: randomUUID() }, call('socket'))).code, 'invalid')
  assert.ok((await dispatch(undefined, 'note.signIn', { clientId: randomUUID() }, call('http'))).ok)

  assert.ok((await dispatch(alice, 'note.typing', { at: 7 }, call())).ok)
  assert.equal(refusal(await dispatch(alice, 'note.typing', { at: 8 }, call('http'))).code, 'invalid', 'a nudge is about a socket')
  assert.deepEqual(nudged, [7])
})

const wrong: [string, unknown, string | undefined, Record<string, unknown>][] = [
  ['nothing at all', undefined, undefined, { problem: 'invalid_type', expected: 'object' }],
  ['a field that is missing', { clientId: randomUUID() }, 'text', { problem: 'invalid_type', expected: 'string' }],
  ['a field nobody knows', { ...note(), colour: 'red' }, 'colour', { problem: 'unrecognized_keys' }],
  ['a text ten times too long', note('x'.repeat(200)), 'text', { problem: 'too_big', maximum: 20 }],
  ['an empty text', note(''), 'text', { problem: 'too_small', minimum: 1 }],
  ['an element of a list', { ...note(), tags: ['short', 'too long'] }, 'tags.1', { problem: 'too_big', maximum: 5 }],
  ['an id that is none', note('hello', '7'), 'clientId', { problem: 'invalid_format', format: 'uuid' }],
]
test.each(wrong)('%s is invalid, and the answer names the field', async (_what, input, field, params) => {
  const { dispatch, logged } = hub()
  assert.deepEqual(refusal(await dispatch(alice, 'note.add', input, call())), {
    ...{ code: 'invalid', key: 'invalid', params },
    ...(field !== undefined && { field }),
  })
  assert.deepEqual([await notes(), logged], [[], []])
})

test('whoever asks too often is told when to come back: an account, or whoever has no session by its address', async () => {
  const { dispatch } = hub()
  const seldom = (actor: Actor) => dispatch(actor, 'note.seldom', { n: 'wrong' }, call())
  for (const code of ['invalid', 'invalid', 'rate_limited']) assert.equal(refusal(await seldom(alice)).code, code)
  assert.equal(refusal(await seldom(bob)).code, 'invalid')

  const peek = (source: string) => dispatch(undefined, 'note.peek', {}, call('http', source))
  await peek('192.0.2.7')
  await peek('192.0.2.7')
  const third = await peek('192.0.2.7')
  assert.deepEqual(!third.ok && third.error, { code: 'rate_limited', key: 'rateLimited', retryAfterMs: 30_000 })
  assert.ok((await peek('192.0.2.8')).ok)

  for (const source of ['2001:db8::1', '2001:db8::2']) assert.ok((await peek(source)).ok)
  assert.equal(refusal(await peek('2001:db8::ffff:1')).code, 'rate_limited')
  assert.ok((await peek('2001:db8:0:1::1')).ok)
})

test('an operation that names no limit has one all the same', async () => {
  const { dispatch } = hub()
  const replies: Reply<unknown>[] = []
  while (replies.length < 1_300)
    replies.push(...(await Promise.all(Array.from({ length: 50 }, () => dispatch(alice, 'note.add', {}, call())))))
  assert.equal(replies.filter((reply) => !reply.ok && reply.error.code === 'rate_limited').length, 100)
})

test('one account has two hundred questions answered at once: whoever asks more does not make everybody else wait', async () => {
  const { dispatch } = hub()
  const note = () => ({ clientId: randomUUID(), text: 'more' })
  const asked = Array.from({ length: 250 }, () => dispatch(alice, 'note.add', note(), call()))
  assert.ok((await dispatch(bob, 'note.add', note(), call())).ok)
  const replies = await Promise.all(asked)
  assert.equal(replies.filter((reply) => !reply.ok && reply.error.code === 'rate_limited').length, 50)
  assert.ok((await dispatch(alice, 'note.add', note(), call())).ok)
})

test('a mistake of ours is internal, with a reference that the log has too; nothing of it leaks', async () => {
  const mistake = new TypeError('undefined is not a secret')
  const { dispatch, logged, observed } = hub({}, () => Promise.reject(mistake))
  const reply = await dispatch(alice, 'note.fail', { how: 'badly' }, { ...call(), requestId: 'request-7' })
  assert.deepEqual(reply, { ok: false, error: { code: 'internal', key: 'internal', ref: 'request-7' } })
  assert.deepEqual(logged, [{ operation: 'note.fail', ref: 'request-7', error: mistake }])
  const [observation] = observed
  assert.ok(observation && observation.ms >= 0)
  assert.deepEqual({ ...observation, ms: 0 }, { operation: 'note.fail', code: 'internal', ms: 0, actor: alice.accountId, ref: 'request-7' })
})

test('a database that is away is unavailable, and no mistake', async () => {
  const cut = () => sql`select pg_terminate_backend(pg_backend_pid())`.execute(house.db)
  const { dispatch, logged } = hub({}, cut)
  const reply = await dispatch(alice, 'note.fail', { how: 'cut' }, call())
  assert.ok(!reply.ok && reply.error.code === 'unavailable' && reply.error.retryAfterMs === 1_000)
  assert.equal(logged.length, 1)
  assert.deepEqual(await dispatch(alice, 'note.count', {}, call()), { ok: true, data: { count: 0 } }, 'and it is back')
})

test('tests look at what is answered too', async () => {
  const answer = async () => ({ count: 'many' })
  const lax = await hub({}, answer).dispatch(alice, 'note.fail', { how: 'wrongly' }, call())
  assert.deepEqual(lax, { ok: true, data: { count: 'many' } })
  assert.equal(refusal(await hub({ checksOutput: true }, answer).dispatch(alice, 'note.fail', { how: 'wrongly' }, call())).code, 'internal')
})

test('[R-5] ten repetitions of a command at once, in different processes, are one row and one answer', async () => {
  const draft = note()
  const replies = await Promise.all(Array.from({ length: 10 }, () => hub().dispatch(alice, 'note.add', draft, call())))
  for (const reply of replies) assert.deepEqual(reply, { ok: true, data: { id: 1, text: 'hello' } })
  assert.deepEqual(await hub().dispatch(alice, 'note.add', { ...draft, tags: [] }, call()), replies[0], 'and later, said in other words')
  assert.deepEqual(await notes(), ['hello'])
})

test('in one group, too, a repetition is answered from the receipt', async () => {
  const { dispatch } = hub()
  const draft = note()
  const replies = await Promise.all(
    [note('one'), note('two'), draft, draft, note('three'), draft].map((each) => dispatch(alice, 'note.add', each, call())),
  )
  assert.deepEqual(replies[3], replies[2])
  assert.deepEqual(replies[5], replies[2])
  assert.deepEqual((await notes()).toSorted(), ['hello', 'one', 'three', 'two'])
})

test('the same clientId with another input or operation is a conflict; somebody else may use it', async () => {
  const { dispatch } = hub()
  const { clientId } = note()
  await dispatch(alice, 'note.add', note('one', clientId), call())
  const conflict = { code: 'conflict', key: 'clientIdReused' }
  assert.deepEqual(refusal(await dispatch(alice, 'note.add', note('two', clientId), call())), conflict)
  assert.deepEqual(refusal(await dispatch(alice, 'note.add.secretly', note('one', clientId), call())), conflict)
  assert.ok((await dispatch(bob, 'note.add', note('two', clientId), call())).ok)
  assert.deepEqual(await notes(), ['one', 'two'])
})

test('a command that was refused left nothing: it may be tried again under the same clientId', async () => {
  const { dispatch } = hub()
  const draft = note('refused')
  for (let i = 0; i < 2; i++) assert.equal(refusal(await dispatch(alice, 'note.add', draft, call())).key, 'chat.changedMeanwhile')
  assert.ok((await dispatch(alice, 'note.add', { ...draft, text: 'better' }, call())).ok)
})

test('an answer that is a secret is given once and kept nowhere', async () => {
  const { dispatch } = hub()
  const draft = note('secret')
  assert.ok((await dispatch(alice, 'note.add.secretly', draft, call())).ok)
  assert.deepEqual(refusal(await dispatch(alice, 'note.add.secretly', draft, call())), { code: 'conflict', key: 'conflict' })
  const { rows } = await sql`select output from receipt`.execute(house.db)
  assert.deepEqual([rows, await notes()], [[{ output: null }], ['secret']])
})

test('a command that is its own receipt keeps none', async () => {
  const { dispatch } = hub()
  const draft = note()
  await dispatch(alice, 'note.add.naturally', draft, call())
  await dispatch(alice, 'note.add.naturally', draft, call())
  const { rows } = await sql`select 1 from receipt`.execute(house.db)
  assert.deepEqual([rows.length, await notes()], [0, ['hello', 'hello']])
})

test('receipts are forgotten after fifteen days', async () => {
  const { dispatch } = hub()
  const [old, young] = [note('old'), note('young')]
  await dispatch(alice, 'note.add', old, call())
  await dispatch(alice, 'note.add', young, call())
  await sql`update receipt set at = now() - interval '15 days 1 minute' where client_id = ${old.clientId}`.execute(house.db)
  await maintain(house.db)
  await dispatch(alice, 'note.add', old, call())
  await dispatch(alice, 'note.add', young, call())
  assert.deepEqual(await notes(), ['old', 'young', 'old'])
})

test('what is read before the right to it was looked up does not leave without it, nor why it could not be read', async () => {
  const [asked, may] = [[] as string[], { now: true }]
  const check = async () => {
    asked.push(`asked after ${requests.length}`)
    if (!may.now) throw fail('forbidden', 'forbidden')
  }
  const { dispatch, requests } = hub({ authority: { presumes: () => true, check, confirmed: async () => {} } })
  assert.deepEqual(await dispatch(alice, 'note.see', { how: 'well' }, call()), { ok: true, data: {} })
  assert.equal(refusal(await dispatch(alice, 'note.see', { how: 'badly' }, call())).code, 'not_found')
  may.now = false
  for (const how of ['well', 'badly']) assert.equal(refusal(await dispatch(alice, 'note.see', { how }, call())).code, 'forbidden')
  assert.deepEqual(requests, ['well', 'badly', 'well', 'badly'])
  for (const [name, input] of [
    ['note.look', {}],
    ['note.clear', { clientId: randomUUID() }],
  ] as const)
    assert.equal(refusal(await dispatch(alice, name, input, call())).code, 'forbidden')
  assert.equal(requests.length, 4, 'neither a command is tried, nor what does not say itself who may')
  assert.deepEqual(asked, ['asked after 1', 'asked after 2', 'asked after 3', 'asked after 4', 'asked after 4', 'asked after 4'])
})

test('wherever the code is, it knows the request it belongs to', async () => {
  const { dispatch, requests } = hub()
  const ids = ['a', 'b', 'c', 'd']
  await Promise.all(ids.map((requestId) => dispatch(alice, 'note.add', note(requestId), { ...call(), requestId })))
  assert.deepEqual(
    requests.toSorted(),
    ids.map((id) => `${id} in ${id}`),
  )
})
