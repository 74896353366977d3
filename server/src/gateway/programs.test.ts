import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import type { Scope } from '@atrium/protocol'
import { hub, type TestHub } from '../testing/hub.ts'
import type { Person } from '../testing/person.ts'

let here: TestHub
beforeAll(async () => {
  here = await hub(inject('cluster'))
})
afterAll(() => here.close())

const bearer = (secret: string) => `Bearer ${secret}`
const basic = (address: string, secret: string) => `Basic ${Buffer.from(`${address}:${secret}`).toString('base64')}`
/** As a program would: no cookie, no origin. */
async function ask(operation: string, input: unknown, authorization: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${here.origin}/api/${operation}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization, ...headers },
    body: JSON.stringify(input),
  })
  const reply = (await response.json()) as { ok: boolean; data?: any; error?: { code: string; key: string } }
  return { status: response.status, key: reply.error?.key, data: reply.data, cookies: response.headers.getSetCookie() }
}
const script = (who: Person, ...scopes: Scope[]) => who.call('tokens.create', { kind: 'script', name: 'A script', scopes })

test('a token opens what it names, until it is revoked, and says when it was used', async () => {
  const { alice } = here
  const { token, secret } = await script(alice, 'chat:read', 'directory:read')
  assert.match(secret, /^atr_[\w-]{43}$/)
  const me = await ask('directory.me', {}, bearer(secret))
  assert.deepEqual([me.status, me.data.person.id, me.cookies], [200, alice.accountId, []])
  const { status, key } = await ask('chat.room.create', { clientId: randomUUID(), name: 'No', memberIds: [] }, bearer(secret))
  assert.deepEqual([status, key], [403, 'factors.outOfScope'])
  for (const operation of ['tokens.list', 'factors.list', 'auth.sessions'])
    assert.equal((await ask(operation, {}, bearer(secret))).key, 'factors.outOfScope', operation)
  const [listed] = (await alice.call('tokens.list', {})).filter(({ id }) => id === token.id)
  assert.ok(listed?.usedAt && listed.usedFrom?.startsWith('127.0.0.1'))
  assert.ok(!JSON.stringify(listed).includes(secret.slice(4)))

  assert.equal((await here.bob.ask('tokens.revoke', { tokenId: token.id })).ok, false)
  await alice.call('tokens.revoke', { tokenId: token.id })
  assert.equal((await ask('directory.me', {}, bearer(secret))).status, 401)
})

test('an application password is shown as its person’s, and as nobody else’s', async () => {
  const { alice, bob } = here
  const { secret } = await alice.call('tokens.create', { kind: 'application', name: 'The mail program' })
  assert.equal((await ask('directory.me', {}, basic(alice.address, secret))).data.person.id, alice.accountId)
  assert.equal((await ask('directory.me', {}, basic('', secret))).status, 200)
  assert.equal((await ask('directory.me', {}, basic(bob.address, secret))).status, 401)
  assert.equal((await ask('directory.me', {}, basic(alice.address, alice.password))).status, 401, 'the password itself is none')
  const { room } = (await ask('chat.room.create', { clientId: randomUUID(), name: 'Made by a program', memberIds: [] }, bearer(secret)))
    .data
  assert.equal((await alice.call('chat.open', { roomId: room.id })).view.room.name, 'Made by a program')

  const dav = await alice.call('tokens.create', { kind: 'application', name: 'Files', purpose: 'webdav' })
  assert.deepEqual(dav.token.scopes, ['files:read', 'files:write'])
  assert.equal((await ask('files.spaces', {}, bearer(dav.secret))).status, 200)
  assert.equal((await ask('chat.rooms', {}, bearer(dav.secret))).status, 403)
})

test('the administration opens for a token that names it, of somebody who administers', async () => {
  const { administrator, alice } = here
  const listing = (secret: string) => ask('accounts.list', {}, bearer(secret))
  const { secret } = await script(administrator, 'administration:read')
  assert.equal((await listing(secret)).status, 200)
  assert.equal((await listing((await script(administrator, 'chat:read')).secret)).key, 'factors.outOfScope')
  assert.equal((await listing((await script(alice, 'administration:read')).secret)).key, 'forbidden')
  const application = await administrator.call('tokens.create', { kind: 'application', name: 'A phone', purpose: 'phone' })
  assert.equal((await listing(application.secret)).key, 'factors.outOfScope')
  const { domains } = (await ask('domains.list', {}, bearer(secret))).data
  const change = { clientId: randomUUID(), domainId: domains[0].id, description: 'By a script' }
  assert.equal((await ask('domains.change', change, bearer(secret))).key, 'factors.outOfScope')
  const asked = { clientId: randomUUID(), kind: 'application', name: 'More', scopes: ['administration:read'] }
  assert.equal((await administrator.ask('tokens.create', asked as never)).ok, false)
})

test('bytes go in and out by a token with the scope for it, and stop when it is revoked', async () => {
  const { alice } = here
  const files = await script(alice, 'files:read', 'files:write')
  const chat = await script(alice, 'chat:read')
  const { own } = await alice.call('files.spaces', {})
  const begun = (
    await ask('files.upload.begin', { clientId: randomUUID(), folderId: own.id, name: 'note.txt', bytes: 5 }, bearer(files.secret))
  ).data
  const path = `/upload/files/${begun.id ?? begun.uploadId}`
  const tus = (secret: string) =>
    fetch(`${here.origin}${path}`, { method: 'HEAD', headers: { authorization: bearer(secret), 'tus-resumable': '1.0.0' } })
  assert.equal((await tus(files.secret)).status, 200)
  assert.equal((await tus(chat.secret)).status, 403)
  assert.equal((await fetch(`${here.origin}/export`, { headers: { authorization: bearer(files.secret) } })).status, 401)

  await alice.call('tokens.revoke', { tokenId: files.token.id })
  await until('the token is good for nothing', async () => (await tus(files.secret)).status === 401)
})

test('what is no token of ours is left to who it is for; one of ours that is wrong waits after a while', async () => {
  const { alice } = here
  const withCookie = await fetch(`${here.origin}/api/directory.me`, {
    headers: { authorization: basic('proxy', 'secret'), cookie: alice.cookie },
  })
  assert.equal(withCookie.status, 200)
  const wrong = `atr_${'A'.repeat(43)}`
  assert.equal(
    (await fetch(`${here.origin}/api/directory.me`, { headers: { authorization: bearer(wrong), cookie: alice.cookie } })).status,
    401,
  )
  const statuses = new Set<number>()
  for (let n = 0; n < 70; n++) statuses.add((await ask('hub.about', {}, bearer(wrong), { 'x-forwarded-for': '203.0.113.77' })).status)
  assert.deepEqual([...statuses], [401, 429])
})

test('who is locked, or has tokens switched off, has programs that stand outside too', async () => {
  const { administrator, carol } = here
  const { secret } = await script(carol, 'directory:read')
  const status = async () => (await ask('directory.me', {}, bearer(secret))).status
  assert.equal(await status(), 200)
  await administrator.call('accounts.values', { accountId: carol.accountId, values: { 'features.tokens': false } })
  assert.equal(await status(), 401)
  assert.equal((await carol.ask('tokens.create', { kind: 'script', name: 'More', scopes: ['chat:read'] })).ok, false)
  await administrator.call('accounts.values', { accountId: carol.accountId, values: { 'features.tokens': null } })
  assert.equal(await status(), 200)
  await administrator.call('accounts.status', { accountId: carol.accountId, status: 'locked' })
  assert.equal(await status(), 401)
})
