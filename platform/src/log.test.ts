import assert from 'node:assert/strict'
import { test } from 'vitest'
import { jsonLog } from './log.ts'
import { inRequest } from './request.ts'
import { tracer } from './trace.ts'

function kept(level = 'info') {
  const lines: string[] = []
  return { lines, log: jsonLog(level, { write: (line) => void lines.push(line) }) }
}

test('a line is JSON with the moment, the level and what was observed', () => {
  const { lines, log } = kept()
  log.of('server').info({ operation: 'chat.send', code: 'ok', ms: 3.5, actor: 'a', ref: 'r' }, 'Sent.')
  const { at, ...rest } = JSON.parse(lines[0]!)
  assert.ok(Math.abs(Date.now() - Date.parse(at)) < 60_000)
  assert.deepEqual(rest, {
    level: 'info',
    service: 'server',
    operation: 'chat.send',
    code: 'ok',
    ms: 3.5,
    actor: 'a',
    ref: 'r',
    say: 'Sent.',
  })
})

test('an error comes with its stack, without the row that the database quotes', () => {
  const { lines, log } = kept()
  const refused = Object.assign(new Error('duplicate key value'), {
    code: '23505',
    detail: 'Key (address)=(bob@example.org) already exists.',
  })
  log.error({ operation: 'x', error: refused })
  assert.match(JSON.parse(lines[0]!).error.stack, /log\.test\.ts/)
  assert.ok(!lines[0]!.includes('bob@example.org'))
})

test('what people wrote or are called does not get in by accident', () => {
  const { lines, log } = kept()
  log.warn({ body: 'secret', name: 'secret', input: { text: 'secret', password: 'secret', address: 'secret', token: 'secret' } })
  assert.ok(!lines[0]!.includes('secret'), lines[0])
})

test('less serious things are left out', () => {
  const { lines, log } = kept('warn')
  log.info({}, 'no')
  log.of('x').debug({}, 'no')
  log.warn({}, 'yes')
  assert.equal(lines.length, 1)
})

test('a span names the request it belongs to and the span it lies in; off, it is nothing', async () => {
  const { lines, log } = kept()
  const span = tracer(log, true)
  await inRequest({ id: 'request-7' }, () => span('operation', 'chat.send', () => span('job', 'push', async () => 1)))
  const [inner, outer] = lines.map((line) => JSON.parse(line))
  assert.deepEqual([inner.operation, inner.ref, inner.within], ['job push', 'request-7', outer.span])
  assert.deepEqual([outer.operation, outer.ref, outer.within], ['operation chat.send', 'request-7', null])
  assert.equal(await tracer(log, false)('call', 'x', async () => 2), 2)
  assert.equal(lines.length, 2)
})
