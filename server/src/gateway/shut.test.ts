import assert from 'node:assert/strict'
import { beforeAll, inject, test } from 'vitest'
import { hub, type TestHub } from '../testing/hub.ts'

let here: TestHub
beforeAll(async () => {
  here = await hub(inject('cluster'))
  return () => here.close()
})

test('[DIR-10] a domain that is shut has its people’s sockets cut within a second, and nobody else’s', async () => {
  const { administrator, alice, bob } = here
  const domain = await administrator.call('domains.create', { name: 'pier.example' })
  for (const accountId of [alice.accountId]) await administrator.call('accounts.move', { accountId, toDomainId: domain.id })
  const [first, second, other] = [await alice.connect(), await alice.connect(), await bob.connect()]

  const at = performance.now()
  await administrator.call('domains.status', { domainId: domain.id, status: 'closed' })
  assert.deepEqual([await first.ended(), await second.ended()], ['account_locked', 'account_locked'])
  assert.ok(performance.now() - at < 1_000, `cut after ${Math.round(performance.now() - at)} ms`)
  assert.equal(other.isConnected(), true)
  assert.equal((await bob.call('directory.me', {})).person.status, 'active')

  // To those who look at them, they are closed, though nothing of the accounts was touched.
  const [seen] = await bob.call('directory.people.of', { ids: [alice.accountId] })
  assert.equal(seen?.status, 'closed')
})
