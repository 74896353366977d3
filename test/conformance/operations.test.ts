import assert from 'node:assert/strict'
import { afterAll, beforeAll, beforeEach, describe, inject, test } from 'vitest'
import type { Failure, Reply } from '@atrium/protocol'
import { isSocketOnly, world, type World } from './world.ts'
import { at, operations, placesIn, put, sampleOf, shapeOf, tooLong, type Path } from './shapes.ts'
import { fingerprint } from './traces.ts'

let here: World
beforeAll(async () => {
  here = await world(inject('cluster'))
})
beforeEach(() => here.confirmAgain())
afterAll(() => here?.close())

/** Asks and makes sure that a refusal left no trace. */
async function refusedWithoutTrace(name: string, input: unknown, ask: () => Promise<Reply<unknown>>): Promise<Failure> {
  const before = await fingerprint(here.db)
  const reply = await ask()
  assert.ok(!reply.ok, `${name} accepted ${JSON.stringify(input).slice(0, 500)}`)
  assert.deepEqual(await fingerprint(here.db), before, `${name} was refused (${reply.error.code}) and wrote all the same`)
  return reply.error
}

/** Ids that name no object of the operation: whoever it may be, nothing of them is told, and nothing is kept. */
const isNoObject = new Set([
  'mentions.0 of chat.send', // CHAT-13: of a name in a text that has no seat here, nobody hears
  'mentions.0 of chat.edit',
  'after of directory.people', // where to go on in a sorted list
  'after of chat.members',
  // What a list is narrowed to: of what is not there, it is empty.
  'actorId of audit.list',
  'domainId of audit.list',
  'grantee.id of grants.list',
  'target.id of grants.list',
  'domainId of accounts.list',
  'cosId of accounts.list',
  'domainId of accounts.count',
  'cosId of accounts.count',
  'domainId of lists.list',
  'domainId of resources.list',
])

/** PostgreSQL keeps no NUL in a text, half a character is none, and its integers end where ours do not. */
const unheld: Record<string, unknown[]> = {
  string: ['\0nul within a text', '\uD83Dhalf a character'],
  integer: [2 ** 31 - 1, 2 ** 31, Number.MAX_SAFE_INTEGER],
}

const isAt = (field: string | undefined, path: Path) => field === path.join('.')

describe.each(operations)('%s', (name, operation) => {
  const shape = shapeOf(operation)
  const sample = () => sampleOf(name, operation, here.own)
  const places = [...placesIn(shape)]
  const refused = (input: unknown) => refusedWithoutTrace(name, input, () => here.ask(name, input))

  if (!operation.terms.open)
    test('without a session is unauthenticated', async () => {
      // Who has no session has no socket either: that is refused before anything can be asked.
      const asked = () => (isSocketOnly(name) ? here.connectAsNobody() : here.askAsNobody(name, sample()))
      const { code } = await refusedWithoutTrace(name, sample(), asked)
      assert.equal(code, 'unauthenticated')
    })

  const isOfAnotherChoice = (input: unknown, path: Path) =>
    path.length > 1 && operation.input.safeParse(input).error?.issues.some(({ code }) => code === 'unrecognized_keys')

  const ids = places.filter(({ shape }) => shape.brand)
  if (ids.length > 0)
    test("about somebody else's object is not_found", async () => {
      for (const { path, shape } of ids) {
        const foreign = here.foreign[shape.brand!]
        assert.ok(foreign, `The world has no foreign ${shape.brand}: make one in world.ts.`)
        const input = put(sample(), path, foreign)
        const where = `${path.join('.')} of ${name}`
        // Of a choice, what belongs to another one than the sample's is tried by nobody: the door refuses the mixture.
        if (isOfAnotherChoice(input, path)) continue
        if (isNoObject.has(where)) {
          const reply = await here.ask(name, input)
          assert.ok(reply.ok || reply.error.code !== 'internal', where)
          assert.equal(JSON.stringify(reply).includes(foreign), false, `${where} is told`)
          assert.deepEqual(await here.rowsWith(foreign), [], `${where} is kept`)
          continue
        }
        const before = await fingerprint(here.db)
        const reply = await here.ask(name, input)
        assert.deepEqual(await fingerprint(here.db), before, `${where} made it write something`)
        // A list of what is asked for may leave out what does not exist for the asker. A single object may not.
        const isLeftOut = reply.ok && operation.kind === 'query' && path.includes(0) && !JSON.stringify(reply.data).includes(foreign)
        if (!isLeftOut) assert.equal(reply.ok ? `ok: ${JSON.stringify(reply.data)}` : reply.error.code, 'not_found', where)
      }
    })

  const required = places.filter(({ isRequired }) => isRequired)
  if (required.length > 0)
    test('without a required field is invalid, and says which', async () => {
      for (const { path } of required) {
        // Of a choice, what the sample did not choose is not in it.
        if (at(sample(), path) === undefined) continue
        const { code, field } = await refused(put(sample(), path, undefined))
        assert.deepEqual([code, isAt(field, path)], ['invalid', true], `${path.join('.')} of ${name}: ${code} ${field}`)
      }
    })

  const texts = places.filter(({ shape }) => shape.type === 'string')
  if (texts.length > 0)
    test('with a text ten times too long is invalid, and says where', async () => {
      for (const { path } of texts) {
        // What stands at one place in several choices is too long for all of them.
        const there = texts.filter((one) => one.path.join('.') === path.join('.')).map(({ shape }) => tooLong(shape))
        const longest = there.reduce((one, other) => (other.length > one.length ? other : one))
        const { code, field } = await refused(put(sample(), path, longest))
        assert.deepEqual([code, isAt(field, path)], ['invalid', true], `${path.join('.')} of ${name}: ${code} ${field}`)
      }
    })

  test('with a field that it does not know is invalid', async () => {
    const { code } = await refused({ ...sample(), unheardOf: 1 })
    assert.equal(code, 'invalid')
  })

  test('with something that is no object is invalid', async () => {
    for (const input of [null, [], 'text', 7]) {
      const { code } = await refused(input)
      assert.equal(code, 'invalid', `${JSON.stringify(input)}`)
    }
  })

  const unusual = places.flatMap(({ path, shape }) => (unheld[shape.type ?? ''] ?? []).map((value) => ({ path, value })))
  if (unusual.length > 0)
    test('with what the database cannot hold is refused, and no fault of ours', async () => {
      for (const { path, value } of unusual) {
        const reply = await here.ask(name, put(sample(), path, value))
        assert.ok(reply.ok || reply.error.code !== 'internal', `${path.join('.')} of ${name} is ${JSON.stringify(value)}`)
      }
    })
})
