import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import { WebSocket } from 'ws'
import { until } from '@atrium/platform/testing'
import { contract } from '@atrium/protocol'
import { hub, type TestHub } from '../testing/hub.ts'
import { screen } from '../testing/person.ts'

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

test('who is let in again after a lock stays in: what was lost before a sign-in is not held against it', async () => {
  const { administrator, bob } = here
  const before = await bob.connect()
  await administrator.call('accounts.status', { accountId: bob.accountId, status: 'locked' })
  assert.equal(await before.ended(), 'account_locked')
  await administrator.call('accounts.status', { accountId: bob.accountId, status: 'active' })
  await bob.signIn()
  const after = await bob.connect()
  assert.ok((await after.ask('directory.me', {})).ok)
  assert.equal(after.isConnected(), true)
})

test('[AUTH-15] through no door comes anything of a session whose domain was shut, though its own row says nothing of it', async () => {
  const { administrator, carol } = here
  const domain = await administrator.call('domains.create', { name: 'mole.example' })
  await administrator.call('accounts.move', { accountId: carol.accountId, toDomainId: domain.id })
  const { secret } = await carol.call('tokens.create', { kind: 'script', name: 'A script', scopes: ['directory:read'] })
  const statusOf = async (path: string, init: RequestInit = {}) => (await carol.http(path, init)).status
  assert.equal(await statusOf('/api/directory.me'), 200)

  const ended = async () => {
    const { rows } = await sql<{ isEnded: boolean }>`
      select bool_and(ended_at is not null) as is_ended from session where account_id = ${carol.accountId}`.execute(here.db)
    return rows[0]!.isEnded
  }
  for (const status of ['locked', 'active'] as const) {
    await administrator.call('domains.status', { domainId: domain.id, status })
    if (status === 'locked') await until('the rows have followed', ended)
    // As if nobody had done that job yet.
    await sql`update session set ended_at = null where account_id = ${carol.accountId}`.execute(here.db)

    const closed = Object.entries(contract).filter(
      ([, entry]) => (entry.kind === 'query' || entry.kind === 'command') && !(entry.terms as { open?: true }).open,
    )
    for (const [name] of closed) {
      const reply = await carol.overHttp(name as 'directory.me', {})
      assert.ok(!reply.ok, name)
      assert.ok(['unauthenticated', 'invalid'].includes(reply.error.code), `${name}: ${reply.error.code}`)
    }
    const tus = { 'tus-resumable': '1.0.0', 'upload-length': '1' }
    assert.equal(await statusOf('/export'), 401)
    assert.equal(await statusOf(`/picture/${randomUUID()}`), 401)
    assert.equal(await statusOf(`/blob/${'A'.repeat(43)}`), 401)
    assert.equal(await statusOf(`/upload/${'A'.repeat(43)}`, { method: 'PUT', body: 'x' }), 401)
    assert.equal(await statusOf(`/upload/files/${randomUUID()}`, { method: 'HEAD', headers: tus }), 401)
    const socket = screen(here.origin, carol.cookie, 'carol')
    assert.equal(((await socket.refused()) as { error?: { code: string } }).error?.code, 'unauthenticated', status)
    socket.socket.disconnect()
    assert.equal(await upgrade(`/yws/${randomUUID()}`, carol.cookie), 401)
    // A token is no session: it is good again with its account.
    const byToken = await fetch(`${here.origin}/api/directory.me`, { headers: { authorization: `Bearer ${secret}` } })
    assert.equal(byToken.status, status === 'locked' ? 401 : 200)
  }
})

/** What a socket that is not opened is answered. */
function upgrade(path: string, cookie: string): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>()
  const socket = new WebSocket(new URL(path, here.origin.replace('http', 'ws')), { headers: { cookie, origin: here.origin } })
  socket.on('unexpected-response', (_request, response) => (resolve(response.statusCode), response.destroy()))
  socket.on('error', () => {})
  return promise
}
