import assert from 'node:assert/strict'
import { afterEach, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import { until } from '@atrium/platform/testing'
import { hub, type TestHub } from '../testing/hub.ts'
import { graceMs, stateOf } from './rules.ts'

let here: TestHub
beforeAll(async () => {
  here = await hub(inject('cluster'))
  return () => here.close()
})
afterEach(() => here.people.forEach((person) => person.leave()))

const shows = (watcher: TestHub['bob'], who: TestHub['alice'], state: string, patienceMs = 5_000) =>
  until(`${watcher.name} sees ${who.name} ${state}`, () => lastShown(watcher, who.accountId) === state, patienceMs)
const lastShown = (watcher: TestHub['bob'], accountId: string) =>
  watcher.heard
    .filter(({ name }) => name === 'presence.changing')
    .flatMap(({ payload }) => payload.people)
    .findLast((one) => one.accountId === accountId)?.state

test('[PRES-1] without a screen nobody is there; with one, what they chose, or what the screens say', () => {
  assert.equal(stateOf({ isOpen: false, isActive: false }, 'busy'), 'offline')
  assert.equal(stateOf({ isOpen: true, isActive: true }, 'busy'), 'busy')
  assert.equal(stateOf({ isOpen: true, isActive: true }, 'away'), 'away')
  assert.equal(stateOf({ isOpen: true, isActive: true }, 'auto'), 'available')
  assert.equal(stateOf({ isOpen: true, isActive: false }, 'auto'), 'away')
})

test('who has somebody on screen sees them come, rest, choose and go', async () => {
  const { alice, bob } = here
  await bob.connect()
  await bob.watch(`presence:${alice.accountId}`)
  await shows(bob, alice, 'offline')

  await alice.connect()
  await shows(bob, alice, 'available')
  alice.nudge('presence.touch', { isActive: false })
  await shows(bob, alice, 'away')
  const other = await alice.connect()
  await shows(bob, alice, 'available')
  other.socket.disconnect()

  await alice.call('presence.choose', { choice: 'busy' })
  await shows(bob, alice, 'busy')
  assert.deepEqual(await alice.call('presence.mine', {}), { choice: 'busy' })
  assert.deepEqual(await bob.call('presence.of', { accountIds: [alice.accountId] }), [{ accountId: alice.accountId, state: 'busy' }])
  await alice.call('presence.choose', { choice: 'auto' })

  alice.leave()
  await shows(bob, alice, 'offline', graceMs + 5_000)
})

test('[PRES-4] who does not want to be seen here is seen as absent', async () => {
  const { alice, bob } = here
  await Promise.all([bob.connect(), alice.connect()])
  await alice.call('me.preferences', { values: { 'preferences.showPresence': false } })
  const seen = () => bob.call('presence.of', { accountIds: [alice.accountId] })
  assert.deepEqual(await seen(), [{ accountId: alice.accountId, state: 'offline' }])
  await alice.call('me.preferences', { values: { 'preferences.showPresence': null } })
  await until('alice is seen again', async () => (await seen())[0]?.state === 'available')
})

test('[PRES-2] a page that is loaded again is no absence', async () => {
  const { alice, bob } = here
  await Promise.all([bob.connect(), alice.connect()])
  await bob.watch(`presence:${alice.accountId}`)
  await shows(bob, alice, 'available')
  const before = bob.heard.length
  for (let i = 0; i < 3; i++) {
    alice.leave()
    await alice.connect()
  }
  await alice.call('presence.choose', { choice: 'away' })
  await shows(bob, alice, 'away')
  await alice.call('presence.choose', { choice: 'auto' })
  const states = bob.heard
    .slice(before)
    .filter(({ name }) => name === 'presence.changing')
    .flatMap(({ payload }) => payload.people.map((one: any) => one.state))
  assert.equal(states.includes('offline'), false, states.join())
})

test('however many flap and however often, a watcher hears of them once a second', async () => {
  const { alice, bob, carol, stranger } = here
  const flapping = [alice, carol, stranger]
  await Promise.all([bob, ...flapping].map((one) => one.connect()))
  await bob.watch(...flapping.map(({ accountId }) => `presence:${accountId}`))
  for (const one of flapping) await shows(bob, one, 'available')

  const letters = () => bob.heard.filter(({ name }) => name === 'presence.changing').length
  const before = letters()
  const began = performance.now()
  for (let i = 0; i < 60; i++) await Promise.all(flapping.map((one) => one.call('presence.choose', { choice: i % 2 ? 'auto' : 'busy' })))
  await Promise.all(flapping.map((one) => one.call('presence.choose', { choice: 'away' })))
  for (const one of flapping) await shows(bob, one, 'away')
  const seconds = (performance.now() - began) / 1_000
  assert.ok(letters() - before <= seconds + 1, `${letters() - before} letters in ${seconds} s`)
  for (const one of flapping) await one.call('presence.choose', { choice: 'auto' })
})

test('[PRES-3] the screens of a process that died are gone when its word runs out', async () => {
  const { administrator, bob, db } = here
  await bob.connect()
  const lives = (until: string) =>
    sql`insert into presence_screen values (${administrator.accountId}, 'gone~1', true, now() + ${until}::interval)
      on conflict (account_id, process) do update set until = excluded.until`.execute(db)
  const state = async () => (await bob.call('presence.of', { accountIds: [administrator.accountId] }))[0]!.state
  await lives('1 hour')
  assert.equal(await state(), 'available')
  await lives('-1 second')
  assert.equal(await state(), 'offline')
})
