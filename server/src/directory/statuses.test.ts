import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, inject, test } from 'vitest'
import type { Account, Domain, Person } from '@atrium/protocol'
import { sql } from 'kysely'
import { until } from '@atrium/platform/testing'
import { ladder, stricter } from './rules.ts'
import { house, password, type House, type Someone } from './testing/house.ts'

let hub: House
let ada: Someone
let home: Domain
beforeAll(async () => {
  hub = await house(inject('cluster'))
  ada = await hub.founded()
  home = (await ada.call('domains.list', {})).domains[0]!
})
afterAll(() => hub.close())

const within = (name: string) => `${name}-${randomUUID().slice(0, 6)}`
const aDomain = () => ada.call('domains.create', { name: `${within('d')}.example` })
async function someoneIn(domainId: Domain['id']): Promise<Someone & { account: Account }> {
  const { account, invitation } = await ada.call('accounts.create', { domainId, userName: within('one'), given: within('Given') })
  const browser = hub.somebody()
  await browser.call('auth.invitation.accept', { token: hub.tokenOf(invitation!), password })
  browser.accountId = account.id
  return Object.assign(browser, { account })
}
const revocations = () => hub.heard.filter(({ name }) => name === 'directory.right.revoked').map(({ payload }) => payload)
const holds = async (who: Someone): Promise<Person['status']> =>
  (await ada.call('accounts.get', { accountId: who.accountId })).effectiveStatus

test('[DIR-10] the stricter of the domain’s status and the account’s holds, in both ways of reckoning', async () => {
  const domain = await aDomain()
  const people = { active: await someoneIn(domain.id), maintenance: await someoneIn(domain.id), pending: await someoneIn(domain.id) }
  for (const status of ['maintenance', 'pending'] as const)
    await ada.call('accounts.status', { accountId: people[status].accountId, status })
  for (const status of ['maintenance', 'locked', 'closed', 'active'] as const) {
    await ada.call('domains.status', { domainId: domain.id, status })
    for (const [own, who] of Object.entries(people)) {
      assert.equal(await holds(who), stricter(own as Person['status'], status), `${own} in ${status}`)
      const { accounts } = await ada.call('accounts.list', { domainId: domain.id, statuses: [stricter(own as Person['status'], status)] })
      assert.ok(
        accounts.some(({ id }) => id === who.accountId),
        `${own} in ${status} is found`,
      )
    }
  }
  // The accounts themselves were not touched.
  assert.equal((await ada.call('accounts.get', { accountId: people.pending.accountId })).status, 'pending')
  assert.equal(stricter('deleted', 'active'), 'deleted')
  assert.equal(ladder.length, 7)
})

test('[DIR-10] a domain that is shut has everybody out by one fact, and lets them in again as they were', async () => {
  const domain = await aDomain()
  const [inside, outside] = [await someoneIn(domain.id), await someoneIn(home.id)]
  const before = revocations().length
  await ada.call('domains.status', { domainId: domain.id, status: 'locked' })
  assert.deepEqual(revocations().slice(before), [{ kind: 'domain', domainId: domain.id, reason: 'locked' }])
  assert.equal((await inside.refusal('directory.me', {})).code, 'unauthenticated')
  assert.equal((await hub.somebody().refusal('auth.signIn', { address: inside.account.address!, password })).key, 'auth.accountLocked')
  assert.equal((await outside.call('directory.me', {})).person.status, 'active')

  await ada.call('domains.status', { domainId: domain.id, status: 'active' })
  assert.equal((await inside.refusal('directory.me', {})).code, 'unauthenticated')
  await inside.signIn(inside.account.address!)
  assert.equal((await inside.call('directory.me', {})).person.status, 'active')
})

test('[AUTH-15] what was begun before a domain was shut is over, ended or not; whoever moves out of it brings nothing of it along', async () => {
  const [domain, other] = [await aDomain(), await aDomain()]
  const [stays, moves, came] = [await someoneIn(domain.id), await someoneIn(domain.id), await someoneIn(other.id)]
  const link = await ada.call('directory.person.invite', { accountId: stays.accountId })
  await ada.call('domains.status', { domainId: domain.id, status: 'maintenance' })
  // Nobody does jobs here: the rows are as they were.
  const open = async (who: Someone) => {
    const { rows } = await sql<{ open: number }>`
      select count(*) filter (where ended_at is null)::int as open from session where account_id = ${who.accountId}`.execute(hub.db)
    return rows[0]!.open
  }
  assert.equal(await open(stays), 1)
  for (const status of ['maintenance', 'active'] as const) {
    await ada.call('domains.status', { domainId: domain.id, status })
    assert.equal(await stays.actor(), undefined, status)
    assert.equal(await stays.unfinished(), undefined, status)
    assert.deepEqual(await ada.call('accounts.sessions', { accountId: stays.accountId }), [], status)
    assert.equal((await hub.somebody().refusal('auth.invitation.peek', { token: hub.tokenOf(link) })).key, 'auth.linkUsed', status)
    assert.equal((await hub.somebody().refusal('auth.invitation.accept', { token: hub.tokenOf(link), password })).key, 'auth.linkUsed')
  }

  await ada.call('accounts.move', { accountId: moves.accountId, toDomainId: home.id })
  assert.equal(await moves.actor(), undefined)
  await ada.call('accounts.move', { accountId: came.accountId, toDomainId: domain.id })
  assert.equal((await came.call('directory.me', {})).person.status, 'active', 'who comes in later was not shut out')

  const again = await hub.somebody().signIn(stays.account.address!)
  hub.hub.sessions.work(hub.queue)
  await until('the rows have followed', async () => (await open(stays)) === 1)
  assert.equal((await again.call('auth.sessions', {})).length, 1, 'who came back stays')
  assert.equal((await came.call('directory.me', {})).person.status, 'active')
})

test('[DIR-2] no domain is shut behind the last who administers the hub', async () => {
  const refused = await ada.refusal('domains.status', { domainId: home.id, status: 'maintenance' })
  assert.equal(refused.key, 'domains.shutsAdministrators')
  const domain = await aDomain()
  const other = await someoneIn(domain.id)
  await ada.call('accounts.administrator', { accountId: other.accountId, isAdministrator: true })
  const both = await Promise.all([
    other.ask('domains.status', { domainId: home.id, status: 'locked' }),
    ada.ask('domains.status', { domainId: domain.id, status: 'locked' }),
  ])
  assert.equal(both.filter((reply) => reply.ok).length, 1)
  const left = both[0].ok ? other : ada
  await left.call('domains.status', { domainId: both[0].ok ? home.id : domain.id, status: 'active' })
  await ada.signIn('ada@saltmarsh.example')
  await ada.call('accounts.administrator', { accountId: other.accountId, isAdministrator: false })
})

test('[DIR-11] what is sent to somebody in maintenance or locked waits for them; to who is closed or pending nothing is sent', async () => {
  const [who, friend] = [await someoneIn(home.id), await someoneIn(home.id)]
  const { room } = await friend.call('chat.direct', { accountId: who.accountId })
  for (const status of ['maintenance', 'locked'] as const) {
    await ada.call('accounts.status', { accountId: who.accountId, status })
    await friend.call('chat.send', { roomId: room.id, body: `While ${status}` })
    await friend.call('chat.room.create', { name: status, memberIds: [who.accountId] })
  }
  for (const status of ['closed', 'pending'] as const) {
    await ada.call('accounts.status', { accountId: who.accountId, status })
    const shut = ['forbidden', 'accounts.takesNothing']
    const refusals = [
      await friend.refusal('chat.send', { roomId: room.id, body: 'Too late' }),
      await friend.refusal('chat.room.create', { name: status, memberIds: [who.accountId] }),
    ]
    for (const { code, key } of refusals) assert.deepEqual([code, key], shut, status)
    assert.equal((await friend.call('directory.people', { search: who.account.address! })).people.length, 0)
  }
  await ada.call('accounts.status', { accountId: who.accountId, status: 'active' })
  await who.signIn(who.account.address!)
  const { view } = await who.call('chat.open', { roomId: room.id })
  assert.deepEqual(
    view.messages.map(({ body }) => body),
    ['While maintenance', 'While locked'],
  )
  const { rooms } = await who.call('chat.rooms', {})
  assert.deepEqual(rooms.map(({ room: { name } }) => name).toSorted(), ['', 'locked', 'maintenance'])
})

test('[DIR-11] what somebody shared stays while they are locked, and is hidden while they are closed', async () => {
  const [who, friend] = [await someoneIn(home.id), await someoneIn(home.id)]
  const { own } = await who.call('files.spaces', {})
  const folder = await who.call('files.folder.create', { folderId: own.id, name: 'Given' })
  await who.call('files.share', { fileId: folder.id, accountId: friend.accountId, may: 'read' })
  const shared = async () => (await friend.call('files.spaces', {})).shared.map(({ file }) => file.id)
  for (const [status, seen] of [
    ['locked', [folder.id]],
    ['closed', []],
    ['active', [folder.id]],
  ] as const) {
    await ada.call('accounts.status', { accountId: who.accountId, status })
    assert.deepEqual(await shared(), seen, status)
  }
})

test('what a domain looks like is checked, told, and shown to who is nobody yet', async () => {
  const domain = await aDomain()
  const look = (accent: string) => ({ domainId: domain.id, look: { name: 'North Pier', accent } })
  const dull = await ada.refusal('domains.look', look('#ffff66'))
  assert.deepEqual([dull.key, dull.params?.['least']], ['domains.lowContrast', 3])
  assert.ok(Number(dull.params?.['ratio']) < 3)
  const before = hub.heard.length
  await ada.call('domains.look', look('#3b82c4'))
  assert.deepEqual(
    hub.heard.slice(before).map(({ name }) => name),
    ['domain.changed'],
  )
  const seen = await hub.somebody().call('hub.look', { domain: domain.name })
  assert.deepEqual([seen.name, seen.accent, seen.title], ['North Pier', '#3b82c4', null])
  // A machine of the domain wears the same; one of nobody's, and those who are at home nowhere else, what the organisation wears.
  assert.equal((await hub.somebody().call('hub.look', { domain: `chat.${domain.name}` })).name, 'North Pier')
  assert.equal((await hub.somebody().call('hub.look', { domain: 'nowhere.example' })).name, 'Saltmarsh Boatworks')
  const { domainId, look: mine } = await ada.call('directory.me', {})
  assert.deepEqual([domainId, mine.accent], [home.id, null])
  await ada.call('domains.delete', { domainId: domain.id })
  assert.equal((await ada.refusal('domains.delete', { domainId: home.id })).key, 'domains.isHome')
})
