import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { jsonLog } from './log.ts'
import { leases, nodeOf, register, type Placement } from './placement.ts'
import { cloneDatabase, until } from './testing/index.ts'

let opened: Awaited<ReturnType<typeof cloneDatabase>>
let placement: Placement
beforeAll(async () => {
  opened = await cloneDatabase(inject('cluster'))
  placement = leases(opened.db)
})
afterAll(() => opened.close())

const minute = 60_000
const key = () => `meeting:${crypto.randomUUID()}`

test('of many who ask at once one gets it, and all are told which', async () => {
  const meeting = key()
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => placement.take(meeting, `node-${n}`, minute)))
  assert.equal(new Set(answers.map((lease) => lease.node)).size, 1)
  assert.equal((await placement.find(meeting))?.node, answers[0]?.node)
})

test('a lease that nobody renews ends, and another node takes over', async () => {
  const meeting = key()
  await placement.take(meeting, 'a', 150)
  assert.equal((await placement.take(meeting, 'b', minute)).node, 'a')
  await until('the lease of a ends', async () => (await placement.take(meeting, 'b', minute)).node === 'b')
  assert.equal(await placement.renew(meeting, 'a', minute), false)
  await placement.release(meeting, 'a')
  assert.equal((await placement.find(meeting))?.node, 'b')
})

test('an ended lease cannot be renewed, even if nobody took it', async () => {
  const meeting = key()
  await placement.take(meeting, 'a', 30)
  await until('it ends', async () => !(await placement.find(meeting)))
  assert.equal(await placement.renew(meeting, 'a', minute), false)
})

test('a renewed lease stands, a released one does not', async () => {
  const meeting = key()
  const taken = await placement.take(meeting, 'a', 1_000)
  assert.equal(await placement.renew(meeting, 'a', minute), true)
  assert.equal(await placement.renew(meeting, 'b', minute), false)
  assert.ok((await placement.find(meeting))!.until > taken.until)
  await placement.release(meeting, 'a')
  assert.equal(await placement.find(meeting), undefined)
  assert.equal((await placement.take(meeting, 'b', minute)).node, 'b')
})

test('a service is found while it runs; its next run takes over its name', async () => {
  const lines: string[] = []
  const log = jsonLog('info', { write: (line) => void lines.push(line) })
  const [first, second] = [nodeOf('sfu-1'), nodeOf('sfu-1')]
  assert.notEqual(first.id, second.id)

  const before = await register(placement, 'sfu', first, log, 90)
  assert.deepEqual(
    (await placement.list('sfu:')).map((lease) => lease.node),
    [first.id],
  )
  const renewed = (await placement.find('sfu:sfu-1'))!.until
  await until('it is renewed', async () => (await placement.find('sfu:sfu-1'))!.until > renewed)

  const after = await register(placement, 'sfu', second, log, 90)
  await until('the first notices', () => lines.some((line) => line.includes('Another process calls itself sfu-1')))
  await before.end()
  assert.equal((await placement.find('sfu:sfu-1'))?.node, second.id)
  await after.end()
  assert.deepEqual(await placement.list('sfu:'), [])
})
