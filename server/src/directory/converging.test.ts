import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { since, standingsOf, type Event } from '@atrium/platform'
import { converges } from '@atrium/platform/testing'
import type { AccountId, Person } from '@atrium/protocol'
import { house, password, type House } from './testing/house.ts'

let hub: House
beforeAll(async () => void (hub = await house(inject('cluster'))))
afterAll(() => hub.close())

const topic = 'directory:all'

test('what a screen knows of people is what a fresh load says: the newest fact about somebody says everything', async () => {
  const ada = await hub.founded()
  const [bob, carol, dora] = [await hub.colleague(ada, 'Bob'), await hub.colleague(ada, 'Carol'), await hub.colleague(ada, 'Dora')]
  const ids = [ada, bob, carol, dora].map(({ accountId }) => accountId)

  const end = await converges<Record<AccountId, Person>>({
    async load() {
      const at = (await standingsOf(hub.db, [topic])).get(topic) ?? 0
      const people = await ada.call('directory.people.of', { ids })
      return { at, state: Object.fromEntries(people.map((person) => [person.id, person])) }
    },
    apply: (known, { payload }) => (payload === null ? known : { ...known, [(payload as Person).id]: payload as Person }),
    heard: () => hub.heard.filter((event) => event.topic === topic),
    async missed(after) {
      const asked = { epoch: hub.ground.epoch, positions: [{ topic, seq: after }] }
      const [delta] = await since(hub.db, asked, new Map([[topic, [{ from: 1, to: null }]]]))
      assert.equal(delta?.kind, 'delta')
      return (delta as { facts: { name: string; payload: unknown; at: { seq: number } }[] }).facts.map(({ name, payload, at }): Event => ({
        topic,
        name,
        payload,
        seq: at.seq,
      }))
    },
    async action() {
      await bob.call('directory.profile.change', { name: 'Robert', title: 'Sailmaker' })
      await ada.call('directory.person.change', { accountId: carol.accountId, isAdministrator: true })
      await ada.call('directory.person.change', { accountId: carol.accountId, status: 'locked', isAdministrator: false })
      await bob.call('directory.profile.change', { name: 'Bob again' })
      await ada.call('directory.person.change', { accountId: carol.accountId, status: 'active' })
      await dora.call('directory.account.delete', { password, messages: 'keep' })
    },
  })
  assert.deepEqual(
    ids.map((id) => [end[id]!.name, end[id]!.status]),
    [
      ['Ada Lindqvist', 'active'],
      ['Bob again', 'active'],
      ['Carol', 'active'],
      ['', 'deleted'],
    ],
  )
})
