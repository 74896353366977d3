import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import { until } from '@atrium/platform/testing'
import type { SessionId, ValuesChange } from '@atrium/protocol'
import { house, password, type House, type Someone } from '../directory/testing/house.ts'

let hub: House
let ada: Someone

beforeAll(async () => {
  hub = await house(inject('cluster'))
  ada = await hub.founded()
})
afterAll(() => hub.close())

test('a screen lets a phone in, once, within two minutes, and hears which', async () => {
  const bob = await hub.colleague(ada, 'Bob')
  const phone = () =>
    hub.somebody({ userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19.0 Mobile/15E148 Safari/604.1', source: '10.0.0.7' })
  const first = await bob.call('auth.phone.begin', {})
  const { path, expiresAt, livesMs } = await bob.call('auth.phone.begin', {})
  assert.equal(livesMs, 120_000)
  assert.ok(path.startsWith('/phone/') && Date.parse(expiresAt) - hub.now().getTime() <= 120_000)
  assert.equal((await phone().refusal('auth.phone.finish', { token: hub.tokenOf(first) })).key, 'auth.linkUsed')
  const replies = await Promise.all(Array.from({ length: 10 }, () => phone().ask('auth.phone.finish', { token: hub.tokenOf({ path }) })))
  assert.equal(replies.filter((reply) => reply.ok).length, 1)
  const [session] = (await bob.call('auth.sessions', {})).filter(({ isThis }) => !isThis)
  assert.deepEqual([session?.kind, session?.device], ['phone', 'Safari on iPhone'])

  const late = await bob.call('auth.phone.begin', {})
  hub.later(121_000)
  assert.equal((await phone().refusal('auth.phone.finish', { token: hub.tokenOf(late) })).key, 'auth.linkUsed')
})

test('an administrator sees somebody’s sessions and ends one, or all', async () => {
  const bob = await hub.colleague(ada, 'Ended Bob')
  const rose = await hub.colleague(ada, 'Rose')
  const others = [await hub.somebody().signIn(bob.address), await hub.somebody({ userAgent: 'curl/8.0' }).signIn(bob.address)]
  const seen = await ada.call('accounts.sessions', { accountId: bob.accountId })
  assert.deepEqual(seen.map(({ kind }) => kind).toSorted(), ['browser', 'browser', 'program'])
  const curl = seen.find(({ kind }) => kind === 'program')!
  assert.equal((await ada.refusal('accounts.session.end', { accountId: rose.accountId, sessionIds: [curl.id] })).code, 'not_found')
  await ada.call('accounts.session.end', { accountId: bob.accountId, sessionIds: [curl.id] })
  assert.equal(await others[1]!.actor(), undefined)
  assert.ok(await bob.actor())
  assert.deepEqual((hub.heard.at(-1)?.payload as { sessionIds: string[] }).sessionIds, [curl.id])
  await ada.call('accounts.session.end', { accountId: bob.accountId, sessionIds: 'all' })
  for (const browser of [bob, ...others]) assert.equal(await browser.actor(), undefined)
  assert.ok(await rose.actor())
  assert.equal((await bob.refusal('accounts.sessions', { accountId: rose.accountId })).code, 'unauthenticated')
  assert.equal((await rose.refusal('accounts.sessions', { accountId: bob.accountId })).code, 'forbidden')
})

test('[AUTH-13] an administrator looks through somebody’s eyes: seen by all, for a while, and without their keys', async () => {
  await ada.call('auth.confirm', { password })
  const bob = await hub.colleague(ada, 'Seen Bob')
  const [ownSecret, own] = [ada.secret!, (await ada.actor())!]
  assert.equal((await bob.refusal('accounts.openAs', { accountId: ada.accountId, reason: 'Curious' })).code, 'forbidden')
  assert.equal((await ada.refusal('accounts.openAs', { accountId: ada.accountId, reason: 'Myself' })).code, 'forbidden')
  assert.equal((await ada.refusal('accounts.openAs', { accountId: bob.accountId, reason: '' })).code, 'invalid')
  await ada.call('accounts.openAs', { accountId: bob.accountId, reason: 'He sees no rooms', minutes: 5 })

  const seen = await ada.call('directory.me', {})
  assert.deepEqual([seen.person.id, seen.openedBy?.name, seen.mayAdminister], [bob.accountId, 'Ada Lindqvist', false])
  const state = await ada.call('auth.state', {})
  assert.ok(state.state === 'in' && state.openedBy?.endsAt === seen.openedBy?.endsAt)
  assert.equal((await bob.call('directory.me', {})).openedBy, undefined)
  assert.deepEqual((await bob.call('auth.sessions', {})).map(({ openedBy }) => openedBy).toSorted(), ['Ada Lindqvist', null])
  for (const [name, said] of [
    ['auth.password.change', { current: password, next: 'eleven quiet herons' }],
    ['factors.totp.begin', {}],
    ['factors.list', {}],
    ['tokens.create', { kind: 'application', name: 'Mine now' }],
    ['tokens.list', {}],
    ['auth.phone.begin', {}],
    ['auth.confirm', { password }],
    ['me.recovery', { address: 'ada@elsewhere.example' }],
    ['accounts.get', { accountId: bob.accountId }],
    ['directory.person.invite', { accountId: bob.accountId }],
    ['directory.account.delete', { password, messages: 'keep' }],
  ] as const)
    assert.equal((await ada.refusal(name, said as never)).key, 'factors.openedBy', name)

  // Leaving brings one's own session back, under a new secret.
  await ada.call('auth.signOut', {})
  assert.notEqual(ada.secret, ownSecret)
  assert.deepEqual(await ada.actor(), own)
  assert.equal((await bob.call('auth.sessions', {})).length, 1)

  await ada.call('accounts.openAs', { accountId: bob.accountId, reason: 'Once more', minutes: 5 })
  hub.later(5 * 60_000 + 1_000)
  assert.equal((await ada.refusal('directory.me', {})).code, 'unauthenticated')
  await bob.call('directory.me', {})
})

test('[AUTH-13] who looked through somebody’s eyes is out with their own session, however that ends', async () => {
  await ada.signIn('ada@saltmarsh.example')
  const bob = await hub.colleague(ada, 'Watched Bob')
  const eve = await hub.colleague(ada, 'Eve', { isAdministrator: true })
  const looking = async () => {
    await eve.signIn(eve.address)
    await eve.call('auth.confirm', { password })
    await eve.call('accounts.openAs', { accountId: bob.accountId, reason: 'He sees no rooms', minutes: 60 })
    return (await eve.actor())!.sessionId
  }
  const isOut = async (sessionId: SessionId) => {
    assert.equal(await eve.actor(), undefined)
    assert.equal((await hub.hub.sessions.standing([sessionId])).size, 0, 'sockets as well')
    const told = hub.heard.map(({ payload }) => payload as { kind?: string; accountId?: string; sessionIds?: string[] })
    assert.ok(
      told.some((one) => one.kind === 'session' && one.accountId === bob.accountId && one.sessionIds?.includes(sessionId)),
      'every door is told',
    )
    assert.equal((await bob.call('auth.sessions', {})).length, 1)
  }
  const first = await looking()
  await ada.call('accounts.session.end', { accountId: eve.accountId, sessionIds: 'all' })
  await isOut(first)
  const second = await looking()
  await ada.call('directory.person.change', { accountId: eve.accountId, status: 'locked' })
  await isOut(second)
})

test('[AUTH-13] who looked through somebody’s eyes is out with the right to it, however that is lost', async () => {
  await ada.signIn('ada@saltmarsh.example')
  await ada.call('auth.confirm', { password })
  const [bob, eve] = [await hub.colleague(ada, 'Bob who is looked at'), await hub.colleague(ada, 'Eve of the help desk')]
  const domainId = (await ada.call('accounts.get', { accountId: bob.accountId })).domainId!
  const rights = ['account.see', 'account.openAs'] as const
  const give = (more: object = {}) =>
    ada.call('grants.give', {
      ...{ grantee: { kind: 'account', id: eve.accountId }, target: { kind: 'domain', id: domainId }, rights: [...rights] },
      ...more,
    })
  const ofAccount = (id: string) => ({ target: { kind: 'account', id } as never })
  const looking = async () => {
    await eve.signIn(eve.address)
    await eve.call('auth.confirm', { password })
    await eve.call('accounts.openAs', { accountId: bob.accountId, reason: 'He sees no rooms', minutes: 60 })
    assert.equal((await eve.call('directory.me', {})).person.id, bob.accountId)
    return (await eve.actor())!.sessionId
  }
  const isOut = async (sessionId: SessionId, what: string) => {
    const told = hub.heard
      .filter(({ name }) => name === 'directory.right.revoked')
      .map(({ payload }) => payload as { sessionIds?: string[] })
    assert.ok(
      told.some(({ sessionIds }) => sessionIds?.includes(sessionId)),
      `${what}: sockets and downloads are cut`,
    )
    assert.equal(await eve.actor(), undefined, what)
    assert.equal((await bob.call('auth.sessions', {})).length, 1, what)
  }

  const whole = await give()
  const first = await looking()
  // Another right of hers that goes is none of it.
  const other = await give({ rights: ['list.see'] })
  await ada.call('grants.revoke', { grantId: other.id })
  assert.ok(await eve.actor())
  await ada.call('grants.revoke', { grantId: whole.id })
  await isOut(first, 'the right is taken back')
  await eve.signIn(eve.address)
  await eve.call('auth.confirm', { password })
  assert.equal((await eve.refusal('accounts.openAs', { accountId: bob.accountId, reason: 'Again' })).code, 'forbidden')

  await give()
  const second = await looking()
  const denied = await give({ ...ofAccount(bob.accountId), rights: ['account.openAs'], isDenied: true })
  await isOut(second, 'it is denied over this person')
  await ada.call('grants.revoke', { grantId: denied.id })

  const third = await looking()
  const above = await ada.call('grants.give', {
    grantee: { kind: 'account', id: bob.accountId },
    target: { kind: 'domain', id: domainId },
    rights: ['domain.change'],
  })
  await isOut(third, 'the person may more than they by now')
  await ada.call('grants.revoke', { grantId: above.id })

  const fourth = await looking()
  await ada.call('accounts.administrator', { accountId: bob.accountId, isAdministrator: true })
  await isOut(fourth, 'the person administers the hub by now')
  await ada.call('accounts.administrator', { accountId: bob.accountId, isAdministrator: false })

  const fifth = await looking()
  const { id: toDomainId } = await ada.call('domains.create', { name: 'pier.example' })
  await ada.call('accounts.move', { accountId: bob.accountId, toDomainId })
  await isOut(fifth, 'the person is at home elsewhere by now')
})

test('[AUTH-13] an administrator who is one no more looks through nobody’s eyes', async () => {
  await ada.signIn('ada@saltmarsh.example')
  await ada.call('auth.confirm', { password })
  const bob = await hub.colleague(ada, 'Bob once more')
  const finn = await hub.colleague(ada, 'Finn', { isAdministrator: true })
  await finn.call('auth.confirm', { password })
  await finn.call('accounts.openAs', { accountId: bob.accountId, reason: 'He sees no rooms', minutes: 60 })
  const { sessionId } = (await finn.actor())!
  await ada.call('accounts.administrator', { accountId: finn.accountId, isAdministrator: false })
  assert.equal(await finn.actor(), undefined)
  assert.equal((await hub.hub.sessions.standing([sessionId])).size, 0)
  assert.deepEqual((hub.heard.findLast(({ name }) => name === 'directory.right.revoked')?.payload as { sessionIds: string[] }).sessionIds, [
    sessionId,
  ])
})

test('a password that is wiped lets nobody in whose sign-in was about to commit', async () => {
  await ada.signIn('ada@saltmarsh.example')
  await ada.call('auth.confirm', { password })
  const bob = await hub.colleague(ada, 'Hasty Bob')
  const waiting = async (many: number) => {
    const { rows } = await sql<{ many: number }>`
      select count(*)::int as many from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(hub.db)
    return rows[0]!.many >= many
  }
  const thief = hub.somebody()
  const { coming, wiping } = await hub.db.transaction().execute(async (tx) => {
    await sql`lock table session in share mode`.execute(tx)
    const coming = thief.signIn(bob.address)
    await until('the sign-in is about to begin a session', () => waiting(1))
    const wiping = hub.hub.sessions.removePassword(bob.accountId)
    await until('the password waits to be taken away', () => waiting(2))
    return { coming, wiping }
  })
  await Promise.all([coming, wiping])
  assert.equal(await thief.actor(), undefined)
})

test('who signs in with something owed is in no list of sessions, and leaves by signing out', async () => {
  await ada.signIn('ada@saltmarsh.example')
  const bob = await hub.colleague(ada, 'Leaving Bob')
  const values: ValuesChange = { 'secondFactor.isRequired': true }
  await ada.call('accounts.values', { accountId: bob.accountId, values })
  const browser = hub.somebody()
  assert.equal((await browser.call('auth.signIn', { address: bob.address, password })).state, 'owes')
  const secret = browser.secret!
  assert.equal((await ada.call('accounts.sessions', { accountId: bob.accountId })).length, 1)
  await browser.call('auth.signOut', {})
  assert.equal(await hub.hub.sessions.unfinishedOf(secret), undefined)

  await browser.call('auth.signIn', { address: bob.address, password })
  hub.later(16 * 60_000)
  assert.equal((await browser.refusal('auth.state', {})).code, 'unauthenticated', 'and is not waited for long')
})

test('the list of accounts says when somebody was last here, written once in five minutes at most, and not by who looks through their eyes', async () => {
  const bob = await hub.colleague(ada, 'Bob who is here')
  const seenAt = async () => (await ada.call('accounts.get', { accountId: bob.accountId })).seenAt
  assert.equal(await seenAt(), null)
  await hub.hub.sessions.seen()
  const first = await seenAt()
  assert.ok(first && hub.now().getTime() - Date.parse(first) < 60_000)

  hub.later(2 * 60_000)
  assert.ok(await bob.actor())
  await hub.hub.sessions.seen()
  assert.equal(await seenAt(), first)
  hub.later(4 * 60_000)
  assert.ok(await bob.actor())
  await hub.hub.sessions.seen()
  const later = await seenAt()
  assert.ok(Date.parse(later!) - Date.parse(first) >= 6 * 60_000)

  const own = ada.secret
  await ada.call('auth.confirm', { password })
  hub.later(9 * 60_000)
  await ada.call('accounts.openAs', { accountId: bob.accountId, reason: 'He sees no rooms', minutes: 30 })
  assert.ok(await ada.actor())
  ada.secret = own
  await hub.hub.sessions.seen()
  assert.equal(await seenAt(), later)
})

test('how long sessions last holds for open ones, too, within a minute of a change', async () => {
  const { classes } = await ada.call('cos.list', {})
  const bob = await hub.colleague(ada, 'Bob who stays')
  const screen = (await bob.actor())!.sessionId
  for (let day = 0; day < 3; day++) {
    hub.later(86_400_000)
    assert.ok((await hub.hub.sessions.standing([screen])).has(screen))
  }
  await ada.signIn('ada@saltmarsh.example')
  await ada.call('cos.change', { cosId: classes[0]!.id, values: { 'sessions.longest': 2 } })
  hub.later(61_000)
  assert.ok(!(await hub.hub.sessions.standing([screen])).has(screen), 'a screen that asks is cut')
  assert.equal(await bob.actor(), undefined)
  await ada.call('cos.change', { cosId: classes[0]!.id, values: { 'sessions.longest': null } })
})
