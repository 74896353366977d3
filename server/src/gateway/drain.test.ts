import assert from 'node:assert/strict'
import { afterEach, inject, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { hub, type TestHub } from '../testing/hub.ts'
import { screen } from '../testing/person.ts'

const open: TestHub[] = []
afterEach(async () => {
  // The last first: the one that others stand beside goes last.
  for (const one of open.splice(0).reverse()) await one.close()
})
async function started(...args: Parameters<typeof hub>) {
  const one = await hub(...args)
  open.push(one)
  return one
}

test('a drain: readiness falls, what is under way is answered, every screen is told, a few at a time', async () => {
  const here = await started(inject('cluster'))
  const { alice } = here
  const screens = await Promise.all(Array.from({ length: 40 }, () => alice.connect()))
  const { room } = await alice.call('chat.room.create', { name: 'Busy', memberIds: [] })
  const sent = Array.from({ length: 50 }, (_, n) =>
    alice.screen.ask('chat.send', { clientId: crypto.randomUUID(), roomId: room.id, body: `${n}` }),
  )
  const gone: number[] = []
  for (const { socket } of screens) {
    socket.io.reconnection(false)
    socket.on('disconnect', () => gone.push(performance.now()))
  }

  // The first answer says that the others have arrived.
  await Promise.race(sent)
  const drained = here.drain()
  await until('readiness falls', async () => (await fetch(`${here.origin}/readyz`)).status === 503)
  const refused = await screen(here.origin, alice.cookie, 'a latecomer').refused()
  assert.ok(refused)
  assert.deepEqual(
    (await Promise.all(sent)).map(({ ok }) => ok).filter((ok) => !ok),
    [],
    'what was asked is answered',
  )
  assert.deepEqual([...new Set(await Promise.all(screens.map((one) => one.ended())))], ['draining'])
  await drained
  assert.ok(gone.at(-1)! - gone[0]! > 500, 'not all at once')
})

test('two processes serve one room: what is said at one is heard at the other, also when the bus between them loses it', async () => {
  const one = await started(inject('cluster'))
  const other = await started(inject('cluster'), { beside: one })
  const { room } = await one.alice.call('chat.room.create', { name: 'Both', memberIds: [one.bob.accountId] })
  await one.alice.connect()
  await other.bob.connect()
  await other.bob.watch(`room:${room.id}`)
  // There is no bus between these two at all: each has its own.
  await one.alice.call('chat.send', { roomId: room.id, body: 'Can you hear me?' })
  const { body } = await until(
    'bob hears it at the other process',
    () => other.bob.heard.find(({ name }) => name === 'chat.message.sent')?.payload,
    8_000,
  )
  assert.equal(body, 'Can you hear me?')
})

test('a right that is lost at one process is lost at the other within two seconds, without a bus', async () => {
  const one = await started(inject('cluster'))
  const other = await started(inject('cluster'), { beside: one })
  const { room } = await one.alice.call('chat.room.create', { name: 'Both', memberIds: [one.bob.accountId] })
  const bob = await other.bob.connect()
  await bob.watch(`room:${room.id}`)

  const at = performance.now()
  await one.administrator.call('directory.person.change', { accountId: one.bob.accountId, status: 'locked' })
  assert.equal(await bob.ended(), 'account_locked')
  assert.ok(performance.now() - at < 2_000)
})
