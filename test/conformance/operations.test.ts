import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, inject, test } from 'vitest'
import type { Failure, Reply } from '@atrium/protocol'
import { fingerprint, isSocketOnly, world, type World } from './world.ts'
import { operations, placesIn, put, sampleOf, shapeOf, tooLong, type Path } from './shapes.ts'

let here: World
beforeAll(async () => {
  here = await world(inject('cluster'))
})
afterAll(() => here?.close())

/** Asks and makes sure that a refusal left no trace. */
async function refusedWithoutTrace(name: string, input: unknown, ask: () => Promise<Reply<unknown>>): Promise<Failure> {
  const before = await fingerprint(here.db)
  const reply = await ask()
  assert.ok(!reply.ok, `${name} accepted ${JSON.stringify(input).slice(0, 500)}`)
  assert.deepEqual(await fingerprint(here.db), before, `${name} was refused (${reply.error.code}) and wrote all the same`)
  return reply.error
}

const isAt = (field: string | undefined, path: Path) => field === path.join('.')

describe.each(operations)('%s', (name, operation) => {
  const shape = shapeOf(operation)
  const sample = () => sampleOf(name, operation, here.own)
  const places = [...placesIn(shape)]
  const refused = (input: unknown) => refusedWithoutTrace(name, input, () => here.ask(name, input))

  test.runIf(!operation.terms.open)('without a session is unauthenticated', async () => {
    // Who has no session has no socket either: that is refused before anything can be asked.
    const asked = () => (isSocketOnly(name) ? here.connectAsNobody() : here.askAsNobody(name, sample()))
    const { code } = await refusedWithoutTrace(name, sample(), asked)
    assert.equal(code, 'unauthenticated')
  })

  const ids = places.filter(({ shape }) => shape.brand)
  test.runIf(ids.length > 0)("about somebody else's object is not_found", async () => {
    for (const { path, shape } of ids) {
      const foreign = here.foreign[shape.brand!]
      assert.ok(foreign, `The world has no foreign ${shape.brand}: make one in world.ts.`)
      const input = put(sample(), path, foreign)
      const before = await fingerprint(here.db)
      const reply = await here.ask(name, input)
      assert.deepEqual(await fingerprint(here.db), before, `${name} wrote something for ${path.join('.')}`)
      // A list of what is asked for may leave out what does not exist for the asker. A single object may not.
      const isLeftOut = reply.ok && operation.kind === 'query' && path.includes(0) && !JSON.stringify(reply.data).includes(foreign)
      if (!isLeftOut)
        assert.equal(reply.ok ? `ok: ${JSON.stringify(reply.data)}` : reply.error.code, 'not_found', `${path.join('.')} of ${name}`)
    }
  })

  const required = places.filter(({ isRequired }) => isRequired)
  test.runIf(required.length > 0)('without a required field is invalid, and says which', async () => {
    for (const { path } of required) {
      const { code, field } = await refused(put(sample(), path, undefined))
      assert.deepEqual([code, isAt(field, path)], ['invalid', true], `${path.join('.')} of ${name}: ${code} ${field}`)
    }
  })

  const texts = places.filter(({ shape }) => shape.type === 'string')
  test.runIf(texts.length > 0)('with a text ten times too long is invalid, and says where', async () => {
    for (const { path, shape } of texts) {
      const { code, field } = await refused(put(sample(), path, tooLong(shape)))
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
})
