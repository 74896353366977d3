import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import { until } from '@atrium/platform/testing'
import type { Reply } from '@atrium/protocol'
import { house, password, type House, type Someone } from '../directory/testing/house.ts'
import { adminLink, setupLink } from './index.ts'
import { deviceOf } from './device.ts'
import { problemsOf } from '@atrium/protocol/passwords'
import { policyOf } from './policy.ts'
import { canSignIn, isInDomain } from './rules.ts'

let hub: House
let ada: Someone
const founding = {
  organisation: 'Saltmarsh Boatworks',
  domain: 'saltmarsh.example',
  name: 'Ada Lindqvist',
  address: 'ada@saltmarsh.example',
  password,
}
const day = 24 * 60 * 60 * 1_000

beforeAll(async () => {
  hub = await house(inject('cluster'))
})
afterAll(() => hub.close())

test('[AUTH-7] [AUTH-8] a hub is set up once: of two who do it at the same moment one is refused', async () => {
  const [first, second] = [(await setupLink(hub))!, (await setupLink(hub))!]
  const visitor = hub.somebody()
  assert.deepEqual(await visitor.call('hub.about', {}), {
    version: '0.0.0',
    source: 'https://source.example/atrium',
    organisation: null,
    isSetUp: false,
  })
  assert.deepEqual(await visitor.call('setup.peek', { token: hub.tokenOf(first) }), { isOpen: true })
  assert.deepEqual(await visitor.call('setup.peek', { token: 'A'.repeat(43) }), { isOpen: false })

  const outside = { ...founding, token: hub.tokenOf(first), address: 'ada@elsewhere.example' }
  assert.equal((await visitor.refusal('setup.finish', outside)).key, 'auth.addressOutsideDomain')
  assert.equal((await visitor.refusal('setup.finish', { ...founding, token: 'A'.repeat(43) })).key, 'auth.linkUsed')

  const [one, two] = [hub.somebody(), hub.somebody()]
  const again = { ...founding, token: hub.tokenOf(first), clientId: randomUUID() }
  const replies: Reply<unknown>[] = await Promise.all([
    one.ask('setup.finish', again),
    two.ask('setup.finish', { ...founding, token: hub.tokenOf(second) }),
  ])
  assert.equal(replies.filter((reply) => reply.ok).length, 1)
  assert.equal(replies.find((reply) => !reply.ok)?.error.key, 'auth.alreadySetUp')

  ada = replies[0]!.ok ? one : two
  const me = await ada.call('directory.me', {})
  ada.accountId = me.person.id
  assert.deepEqual([me.organisation.name, me.person.isAdministrator, me.person.status], ['Saltmarsh Boatworks', true, 'active'])
  assert.equal((await visitor.call('hub.about', {})).organisation, 'Saltmarsh Boatworks')
  assert.deepEqual(await visitor.call('setup.peek', { token: hub.tokenOf(second) }), { isOpen: false })
  assert.equal(
    (await visitor.refusal('setup.finish', { ...founding, token: hub.tokenOf(second), address: 'eve@saltmarsh.example' })).key,
    'auth.alreadySetUp',
  )
  assert.equal(await setupLink(hub), undefined)
  if (replies[0]!.ok) {
    const repeated = hub.somebody()
    assert.equal((await repeated.call('setup.finish', again)).accountId, ada.accountId)
  }
})

test('[AUTH-1] whoever does not get in learns nothing, and it takes the same work', async () => {
  const bob = await hub.colleague(ada, 'Bob', { address: 'bob@saltmarsh.example' })
  await ada.call('directory.person.add', { name: 'Ines', address: 'invited@saltmarsh.example' })
  const lena = await hub.colleague(ada, 'Lena', { address: 'locked@saltmarsh.example' })
  await ada.call('directory.person.change', { accountId: lena.accountId, status: 'locked' })

  const stranger = hub.somebody({ source: '192.0.2.1' })
  for (const [address, secret] of [
    ['bob@saltmarsh.example', 'the wrong password'],
    ['nobody@saltmarsh.example', password],
    ['invited@saltmarsh.example', password],
    ['locked@saltmarsh.example', 'the wrong password'],
    ['not even an address', password],
  ] as const) {
    const before = hub.work.verified
    assert.deepEqual(await stranger.refusal('auth.signIn', { address, password: secret }), {
      code: 'unauthenticated',
      key: 'auth.wrongPassword',
    })
    assert.equal(hub.work.verified - before, 1, address)
  }
  const [known, said] = [hub.work.verified, hub.statements.length]
  assert.deepEqual(await stranger.refusal('auth.signIn', { address: 'locked@saltmarsh.example', password }), {
    code: 'unauthenticated',
    key: 'auth.accountLocked',
  })
  assert.equal(hub.work.verified - known, 1)
  // Who is locked is told so before what was counted for them is forgotten.
  await until('it is forgotten', () => hub.statements.slice(said).some((one) => one.startsWith('delete from strike')))
  const asked = async (address: string) => {
    const from = hub.statements.length
    await stranger.refusal('auth.signIn', { address, password: 'wrong' })
    // What is asked at the same moment comes in any order.
    return hub.statements.slice(from).toSorted()
  }
  for (const address of ['nobody', 'locked'])
    assert.deepEqual(await asked(`${address}@saltmarsh.example`), await asked('bob@saltmarsh.example'), 'the database is asked the same')

  const before = hub.work.verified
  await stranger.signIn(' BOB@saltmarsh.example ')
  assert.equal(hub.work.verified - before, 1)
  assert.equal((await stranger.call('directory.me', {})).person.id, bob.accountId)
})

test('a sign-in says no more than thirteen things to the database, the last of which is that it need not wait for the disk', async () => {
  const bob = await hub.colleague(ada, 'Swift Bob')
  const browser = hub.somebody()
  await browser.signIn(bob.address)
  const before = hub.statements.length
  await hub.somebody({ source: '10.0.0.77' }).signIn(bob.address)
  const asked = hub.statements.slice(before)
  assert.ok(asked.length <= 13, asked.join('\n'))
  assert.deepEqual(
    asked.slice(-2).map((one) => one.replace('/* behind */ ', '')),
    ['set local synchronous_commit = off', 'commit'],
  )
})

test('[AUTH-2] whoever guesses waits, even a hundred at once; where the owner signed in before they still get in', async () => {
  const carl = await hub.colleague(ada, 'Carl', { address: 'carl@saltmarsh.example' })
  const thief = hub.somebody({ source: '192.0.2.66' })
  const before = hub.work.verified
  const replies = await Promise.all(
    Array.from({ length: 30 }, (_, i) => thief.ask('auth.signIn', { address: 'carl@saltmarsh.example', password: `guess ${i}` })),
  )
  const waiting = replies.flatMap((reply) => (!reply.ok && reply.error.key === 'auth.tooManyTries' ? [reply.error] : []))
  assert.ok(hub.work.verified - before <= 7, `${hub.work.verified - before} guesses were compared`)
  assert.ok(waiting.length >= 23 && waiting.every(({ code, retryAfterMs }) => code === 'rate_limited' && retryAfterMs! > 0))
  assert.equal((await thief.refusal('auth.signIn', { address: 'carl@saltmarsh.example', password })).code, 'rate_limited')
  await carl.signIn('carl@saltmarsh.example')
})

test('[AUTH-2] whoever has a network of addresses is one guesser, not as many as there are addresses in it', async () => {
  const refused = new Set<string>()
  for (let n = 0; n < 120 && !refused.has('auth.tooManyTries'); n++) {
    const thief = hub.somebody({ source: `2001:db8:7:7::${n.toString(16)}` })
    refused.add((await thief.refusal('auth.signIn', { address: `victim${n}@saltmarsh.example`, password })).key)
  }
  assert.deepEqual([...refused], ['auth.wrongPassword', 'auth.tooManyTries'])
  const neighbour = hub.somebody({ source: '2001:db8:7:8::1' })
  assert.equal((await neighbour.refusal('auth.signIn', { address: 'victim@saltmarsh.example', password })).key, 'auth.wrongPassword')
})

test('[AUTH-3] an invitation works once, also when two use it at the same moment', async () => {
  const { person, invitation } = await ada.call('directory.person.add', { name: 'Nora Berg', address: 'nora@saltmarsh.example' })
  const token = hub.tokenOf(invitation)
  const [one, two] = [hub.somebody(), hub.somebody()]
  assert.deepEqual(await one.call('auth.invitation.peek', { token }), {
    name: 'Nora Berg',
    address: 'nora@saltmarsh.example',
    organisation: 'Saltmarsh Boatworks',
  })
  const first = { token, password: 'first of the two', clientId: randomUUID() }
  const second = { token, password: 'second of the two', clientId: randomUUID() }
  const replies: Reply<unknown>[] = await Promise.all([one.ask('auth.invitation.accept', first), two.ask('auth.invitation.accept', second)])
  assert.equal(replies.filter((reply) => reply.ok).length, 1)
  assert.equal(replies.find((reply) => !reply.ok)?.error.key, 'auth.linkUsed')
  assert.equal((await two.refusal('auth.invitation.peek', { token })).code, 'not_found')

  const winner = replies[0]!.ok ? first : second
  const { people } = await ada.call('directory.people', { search: 'Nora' })
  assert.deepEqual(
    people.map(({ id, status }) => [id, status]),
    [[person.id, 'active']],
  )
  // The answer was lost: the same command again, and only with the password that was chosen.
  assert.deepEqual(await hub.somebody().call('auth.invitation.accept', winner), { state: 'in', accountId: person.id })
  assert.equal(
    (await hub.somebody().refusal('auth.invitation.accept', { ...winner, password: 'something else 1' })).key,
    'auth.wrongPassword',
  )
})

test('[AUTH-3] links end after a while, with the next one, and with a lock', async () => {
  const add = (name: string) => ada.call('directory.person.add', { name, address: `${randomUUID()}@saltmarsh.example` })
  const visitor = hub.somebody()
  const { person, invitation } = await add('Ole')
  const newer = await ada.call('directory.person.invite', { accountId: person.id })
  assert.equal((await visitor.refusal('auth.invitation.accept', { token: hub.tokenOf(invitation), password })).key, 'auth.linkUsed')
  await ada.call('directory.person.change', { accountId: person.id, status: 'locked' })
  await ada.call('directory.person.change', { accountId: person.id, status: 'active' })
  assert.equal((await visitor.refusal('auth.invitation.accept', { token: hub.tokenOf(newer), password })).key, 'auth.linkUsed')

  const late = await add('Late')
  hub.later(8 * day)
  assert.equal((await visitor.refusal('auth.invitation.peek', { token: hub.tokenOf(late.invitation) })).key, 'auth.linkUsed')
})

test('[AUTH-3] a lost password: the administrator’s link sets a new one and ends the old sessions', async () => {
  const bob = await hub.colleague(ada, 'Forgetful Bob', { address: 'forgetful@saltmarsh.example' })
  const link = await ada.call('directory.person.invite', { accountId: bob.accountId })
  const elsewhere = hub.somebody()
  await elsewhere.call('auth.invitation.accept', { token: hub.tokenOf(link), password: 'eight quiet herons' })
  assert.equal((await bob.refusal('directory.me', {})).code, 'unauthenticated')
  assert.equal((await bob.refusal('auth.signIn', { address: bob.address, password })).key, 'auth.wrongPassword')
  await bob.signIn(bob.address, 'eight quiet herons')
})

test('[AUTH-3] a new password, however it was chosen, leaves no other link that opens the account', async () => {
  const bob = await hub.colleague(ada, 'Cautious Bob', { address: 'cautious@saltmarsh.example' })
  const link = await ada.call('directory.person.invite', { accountId: bob.accountId })
  await bob.call('auth.password.change', { current: password, next: 'twelve quiet herons' })
  const finder = hub.somebody()
  assert.equal((await finder.refusal('auth.invitation.accept', { token: hub.tokenOf(link), password })).key, 'auth.linkUsed')

  const [first, second] = [await adminLink(hub), await adminLink(hub)]
  await ada.call('auth.invitation.accept', { token: hub.tokenOf(first), password })
  assert.equal((await finder.refusal('auth.invitation.accept', { token: hub.tokenOf(second), password })).key, 'auth.linkUsed')
})

test('[AUTH-3] the mail with the link leaves with the change, and is read in the inviter’s language', async () => {
  await ada.call('directory.profile.change', { language: 'de' })
  const { invitation } = await ada.call('directory.person.add', { name: 'Mia', address: 'mia@saltmarsh.example' })
  await ada.call('directory.profile.change', { language: 'en' })
  const { rows } = await sql<{ payload: { to: string; subject: string; text: string } }>`
    select payload from job where kind = 'mail.send' and payload ->> 'to' = 'mia@saltmarsh.example'`.execute(hub.db)
  assert.equal(rows.length, 1)
  assert.equal(rows[0]?.payload.subject, 'Ada Lindqvist lädt Sie zu Saltmarsh Boatworks ein')
  assert.ok(rows[0]?.payload.text.includes(`https://hub.example${invitation.path}`))
})

test('[AUTH-3] the command line lets a locked administrator in, and only administrators', async () => {
  const eve = await hub.colleague(ada, 'Eve', { isAdministrator: true, address: 'eve@saltmarsh.example' })
  await ada.call('directory.person.change', { accountId: eve.accountId, status: 'locked' })
  await assert.rejects(adminLink(hub, 'bob@saltmarsh.example'), /is no administrator\. Administrators are: ada@/)
  assert.equal((await adminLink(hub)).person.id, ada.accountId)

  const link = await adminLink(hub, 'Eve@saltmarsh.example')
  assert.match(link.path, /^\/invitation\/[\w-]{43}$/)
  await eve.call('auth.invitation.accept', { token: hub.tokenOf(link), password: 'nine quiet herons' })
  assert.equal((await eve.call('directory.me', {})).person.status, 'active')
})

test('[AUTH-4] a session ends after 14 days without use, and after 90 in any case', async () => {
  const idle = await hub.colleague(ada, 'Idle')
  const busy = await hub.colleague(ada, 'Busy')
  for (let days = 0; days < 84; days += 12) {
    hub.later(12 * day)
    await busy.call('directory.me', {})
  }
  assert.equal((await idle.refusal('directory.me', {})).code, 'unauthenticated')
  hub.later(7 * day)
  assert.equal((await busy.refusal('directory.me', {})).code, 'unauthenticated')
  await ada.signIn('ada@saltmarsh.example')
  await hub.hub.sessions.sweep()
  assert.equal((await ada.call('auth.sessions', {})).length, 1)
})

test('[AUTH-4] looking up a session is one statement, and says at most once a minute that it is used', async () => {
  const bob = await hub.colleague(ada, 'Counting Bob')
  const seenAt = async () => (await bob.call('auth.sessions', {}))[0]!.seenAt
  const at = await seenAt()
  const before = hub.statements.length
  await bob.actor()
  assert.deepEqual(
    hub.statements.slice(before).map((text) => text.slice(0, 6)),
    ['select'],
  )
  hub.later(30_000)
  assert.equal(await seenAt(), at)
  hub.later(31_000)
  assert.notEqual(await seenAt(), at)
})

test('[AUTH-5] signing in makes a new session and ends the one this browser had', async () => {
  const bob = await hub.colleague(ada, 'Twice Bob')
  const old = bob.secret!
  await bob.signIn(bob.address)
  assert.notEqual(bob.secret, old)
  assert.equal(await hub.hub.sessions.sessionOf(old), undefined)
  const { rows } = await sql<{ kept: boolean }>`select bool_or(t::text like ${`%${bob.secret}%`}) as kept from session as t`.execute(hub.db)
  assert.equal(rows[0]?.kept, false)
  await bob.call('auth.signOut', {})
  assert.equal(bob.secret, undefined)
})

test('[AUTH-5] a new password: this session lives on under a new secret, the others end and every process hears of it', async () => {
  const bob = await hub.colleague(ada, 'Careful Bob')
  const phone = await hub.somebody({ userAgent: 'curl/8.0', source: '10.0.0.9' }).signIn(bob.address)
  const [mine, theirs] = [(await bob.actor())!, (await phone.actor())!]
  const old = bob.secret!

  assert.equal(
    (await bob.refusal('auth.password.change', { current: 'not the password', next: 'ten quiet herons' })).key,
    'auth.wrongPassword',
  )
  await bob.call('auth.password.change', { current: password, next: 'ten quiet herons' })
  assert.equal((await bob.actor())?.sessionId, mine.sessionId)
  assert.equal(await hub.hub.sessions.sessionOf(old), undefined)
  assert.equal(await phone.actor(), undefined)
  assert.deepEqual(hub.heard.at(-1)?.payload, {
    kind: 'session',
    accountId: bob.accountId,
    sessionIds: [theirs.sessionId],
    reason: 'password_changed',
  })
  await phone.signIn(bob.address, 'ten quiet herons')
})

test('[AUTH-5] who showed the old password while it was changed stays outside', async () => {
  const bob = await hub.colleague(ada, 'Hasty Bob')
  const waiting = async (many: number) => {
    const { rows } = await sql<{ many: number }>`
      select count(*)::int as many from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(hub.db)
    return rows[0]!.many >= many
  }
  const thief = hub.somebody()
  const both = await hub.db.transaction().execute(async (tx) => {
    await sql`select from account where id = ${bob.accountId} for update`.execute(tx)
    const changing = bob.call('auth.password.change', { current: password, next: 'eleven quiet herons' })
    await until('the new password waits for the account', () => waiting(1))
    const coming = thief.ask('auth.signIn', { address: bob.address, password })
    await until('the old one was right, and waits as well', () => waiting(2))
    return { changing, coming }
  })
  await both.changing
  const reply = await both.coming
  assert.equal(reply.ok || reply.error.key, 'auth.wrongPassword')
  assert.equal(await thief.actor(), undefined)
  assert.equal((await bob.call('auth.sessions', {})).length, 1)
})

test('[AUTH-6] a password is neither common nor made of its owner’s name', async () => {
  const owner = { address: 'ada.lindqvist@saltmarsh.example', name: 'Ada Lindqvist' }
  const isWeak = (password: string) => problemsOf(password, policyOf(hub.hub.known.defaultValues), owner).length > 0
  for (const weak of [
    'ada.lindqvist@saltmarsh.example',
    'Lindqvist1',
    'lindqvist!!',
    'AdaLindqvist7',
    'saltmarsh123',
    '1234567890',
    '9876543210',
    'aaaaaaaaaaaa',
    'Password123',
    'qwertyuiop',
    'ababababab',
    'abcdefghijk',
  ])
    assert.ok(isWeak(weak), weak)
  for (const good of ['seven quiet herons', 'lindqvist likes mending nets', 'correct battery', '密码很长很长很长很长的', '7391 4402 8816'])
    assert.ok(!isWeak(good), good)
  assert.ok(isInDomain('a@b.example', 'b.example') && isInDomain('a@c.b.example', 'b.example') && !isInDomain('a@ab.example', 'b.example'))

  const bob = await hub.colleague(ada, 'Weak Bob')
  const refused = await bob.refusal('auth.password.change', { current: password, next: 'password123' })
  assert.deepEqual([refused.key, refused.field], ['auth.weakPassword', 'next'])
})

test('[AUTH-9] everybody sees and ends their own sessions only, and knows them by device', async () => {
  const bob = await hub.colleague(ada, 'Many Bob')
  const phone = await hub
    .somebody({
      userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1',
      source: '10.0.0.7',
    })
    .signIn(bob.address)
  const sessions = await bob.call('auth.sessions', {})
  assert.deepEqual(sessions.map(({ device, source, isThis }) => [device, source, isThis]).toSorted(), [
    ['Firefox on Linux', '10.0.0.1', true],
    ['Safari on iPhone', '10.0.0.7', false],
  ])
  const theirs = sessions.find(({ isThis }) => !isThis)!
  assert.equal((await ada.refusal('auth.session.end', { sessionId: theirs.id })).code, 'not_found')
  await bob.call('auth.session.end', { sessionId: theirs.id })
  await bob.call('auth.session.end', { sessionId: theirs.id })
  assert.equal(await phone.actor(), undefined)
  const ended = hub.heard.filter(({ payload }) => JSON.stringify(payload).includes(theirs.id))
  assert.deepEqual(
    ended.map(({ payload }) => (payload as { reason: string }).reason),
    ['session_ended'],
  )
  assert.equal(deviceOf('weird\u0000agent/1'), 'weird agent/1')
})

test('who is locked while they sign in does not get in', async () => {
  const zoe = await hub.colleague(ada, 'Zoe')
  for (let round = 0; round < 5; round++) {
    const browser = hub.somebody()
    const [reply] = await Promise.all([
      browser.ask('auth.signIn', { address: zoe.address, password }),
      ada.call('directory.person.change', { accountId: zoe.accountId, status: 'locked' }),
    ])
    assert.equal(await browser.actor(), undefined, reply.ok ? 'came in before the lock and stayed' : 'was refused and is in')
    await ada.call('directory.person.change', { accountId: zoe.accountId, status: 'active' })
  }
  assert.ok(canSignIn((await ada.call('directory.people.of', { ids: [zoe.accountId] }))[0]))
})
