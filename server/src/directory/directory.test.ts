import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import type { AccountId, Person } from '@atrium/protocol'
import { Canvas, circle, hex } from '../demo/canvas.ts'
import { house, password, type House, type Someone } from './testing/house.ts'

let hub: House
let ada: Someone
beforeAll(async () => {
  hub = await house(inject('cluster'))
  ada = await hub.founded()
})
afterAll(() => hub.close())

const factsAbout = (id: string) =>
  hub.heard.flatMap(({ name, payload }) =>
    name === 'directory.person.changed' && (payload as Person).id === id ? [payload as Person] : [],
  )
const revoked = (id: string) =>
  hub.heard.filter(({ name, payload }) => name === 'directory.right.revoked' && (payload as { accountId: string }).accountId === id)

test('[DIR-1] an administrator adds somebody, who is invited until they come; others cannot', async () => {
  const bob = await hub.colleague(ada, 'Bob')
  const draft = { name: 'Chidi Eze', address: 'chidi@saltmarsh.example' }
  assert.equal((await bob.refusal('directory.person.add', draft)).key, 'directory.onlyAdministrators')
  assert.equal((await bob.refusal('directory.person.change', { accountId: ada.accountId, name: 'Nobody' })).code, 'forbidden')
  assert.equal((await bob.refusal('directory.person.invite', { accountId: ada.accountId })).code, 'forbidden')

  const { person } = await ada.call('directory.person.add', draft)
  assert.equal(person.status, 'invited')
  assert.deepEqual(factsAbout(person.id), [person])
  assert.equal(
    (await ada.refusal('directory.person.add', { ...draft, name: 'Another Chidi', address: 'CHIDI@saltmarsh.example' })).key,
    'directory.addressTaken',
  )
})

test('[DIR-1] an invitation whose answer was lost is asked for again: the same person, a new link, and only that one works', async () => {
  const draft = { clientId: randomUUID(), name: 'Lost Reply', address: 'lost@saltmarsh.example' }
  const [first, again] = [await ada.call('directory.person.add', draft), await ada.call('directory.person.add', draft)]
  assert.deepEqual(first.person, again.person)
  assert.equal(factsAbout(first.person.id).length, 1)

  const newcomer = hub.somebody()
  assert.equal((await newcomer.refusal('auth.invitation.accept', { token: hub.tokenOf(first.invitation), password })).key, 'auth.linkUsed')
  await newcomer.call('auth.invitation.accept', { token: hub.tokenOf(again.invitation), password })
  assert.equal((await ada.refusal('directory.person.add', { ...draft, name: 'Other Words' })).key, 'clientIdReused')
})

test('[DIR-2] the last administrator stays one, and of two who remove each other at once one stays', async () => {
  assert.equal(
    (await ada.refusal('directory.person.change', { accountId: ada.accountId, isAdministrator: false })).key,
    'directory.lastAdministrator',
  )
  assert.equal((await ada.refusal('directory.account.delete', { password, messages: 'keep' })).key, 'directory.lastAdministrator')

  const eve = await hub.colleague(ada, 'Eve', { isAdministrator: true })
  const both = await Promise.all([
    ada.ask('directory.person.change', { accountId: eve.accountId, isAdministrator: false }),
    eve.ask('directory.person.change', { accountId: ada.accountId, isAdministrator: false }),
  ])
  assert.equal(both.filter((reply) => reply.ok).length, 1)
  const { people } = await ada.call('directory.people', {})
  const [left, gone] = people.find((person) => person.isAdministrator)?.id === ada.accountId ? [ada, eve] : [eve, ada]
  assert.equal(people.filter((person) => person.isAdministrator).length, 1)
  await left.call('directory.person.change', { accountId: gone.accountId, isAdministrator: true })
  await ada.call('directory.person.change', { accountId: eve.accountId, isAdministrator: false })
})

test('[DIR-3] nobody locks themselves out', async () => {
  const eve = await hub.colleague(ada, 'Second Eve', { isAdministrator: true })
  assert.equal((await eve.refusal('directory.person.change', { accountId: eve.accountId, status: 'locked' })).key, 'directory.notYourself')
  await ada.call('directory.person.change', { accountId: eve.accountId, isAdministrator: false })
})

test('[DIR-5] [DIR-6] who is locked is out at once and comes back as what they were', async () => {
  const bob = await hub.colleague(ada, 'Bob the Second')
  assert.equal((await bob.call('directory.me', {})).person.name, 'Bob the Second')
  const locked = await ada.call('directory.person.change', { accountId: bob.accountId, status: 'locked' })
  assert.equal(locked.status, 'locked')
  assert.deepEqual(
    revoked(bob.accountId).map(({ payload }) => payload),
    [{ kind: 'account', accountId: bob.accountId, reason: 'locked' }],
  )
  assert.equal((await bob.refusal('directory.me', {})).code, 'unauthenticated')
  // What is written meanwhile is kept.
  assert.deepEqual(await hub.hub.known.reachable([bob.accountId]), [bob.accountId])

  assert.equal((await ada.call('directory.person.change', { accountId: bob.accountId, status: 'active' })).status, 'active')
  assert.equal((await bob.refusal('directory.me', {})).code, 'unauthenticated')
  await bob.signIn(bob.address)

  const { person } = await ada.call('directory.person.add', { name: 'Not Yet', address: 'not-yet@saltmarsh.example' })
  await ada.call('directory.person.change', { accountId: person.id, status: 'locked' })
  assert.equal((await ada.call('directory.person.change', { accountId: person.id, status: 'active' })).status, 'invited')
})

test('[DIR-4] a deleted account is forgotten in rows and journal, stays an author without a name, and is final', async () => {
  const dora = await hub.colleague(ada, 'Dora Unforgettable', { address: 'dora@saltmarsh.example' })
  await dora.call('directory.profile.change', { title: 'Sailmaker Extraordinary' })
  const { room } = await dora.call('chat.room.create', { name: 'Sails', memberIds: [ada.accountId] })
  const said = await dora.call('chat.send', { roomId: room.id, body: 'The jib is cut.' })
  // One letter to her lies in the outbox, one was given up, one waits.
  await hub.mail.send({ to: 'dora@saltmarsh.example', subject: 'Welcome', text: 'Hello Dora Unforgettable' })
  await sql`update job set parked_at = now(), fault = '550 dora@saltmarsh.example: no such mailbox' where payload->>'to' = 'dora@saltmarsh.example'`.execute(
    hub.db,
  )
  await ada.call('directory.person.invite', { accountId: dora.accountId })

  assert.equal(
    (await dora.refusal('directory.account.delete', { password: 'not the password', messages: 'keep' })).key,
    'auth.wrongPassword',
  )
  await dora.call('directory.account.delete', { password, messages: 'keep' })
  assert.equal((await dora.refusal('directory.me', {})).code, 'unauthenticated')
  assert.equal((await dora.refusal('auth.signIn', { address: 'dora@saltmarsh.example', password })).key, 'auth.wrongPassword')
  assert.equal((revoked(dora.accountId).at(-1)?.payload as { reason: string }).reason, 'deleted')

  const [closed] = await ada.call('directory.people.of', { ids: [dora.accountId] })
  assert.deepEqual([closed?.status, closed?.name, closed?.address, closed?.title], ['deleted', '', null, ''])
  const { view } = await ada.call('chat.open', { roomId: room.id })
  assert.equal(view.messages.find(({ id }) => id === said.id)?.body, 'The jib is cut.')
  for (const words of ['Unforgettable', 'dora@saltmarsh', 'Extraordinary']) {
    const tables = await sql<{
      name: string
    }>`select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`.execute(hub.db)
    for (const { name } of tables.rows) {
      const { rows } = await sql<{
        count: number
      }>`select count(*) from ${sql.table(name)} as t where t::text like ${`%${words}%`}`.execute(hub.db)
      assert.equal(rows[0]?.count, 0, `"${words}" is still in ${name}`)
    }
  }
  assert.equal((await ada.refusal('directory.person.change', { accountId: dora.accountId, name: 'Back' })).key, 'directory.isClosed')
  assert.equal((await ada.refusal('directory.person.invite', { accountId: dora.accountId })).key, 'directory.isClosed')
  await hub.colleague(ada, 'Another Dora', { address: 'dora@saltmarsh.example' })
})

test('[DIR-4] whoever deletes their messages too leaves none', async () => {
  const tom = await hub.colleague(ada, 'Tom')
  const { room } = await tom.call('chat.room.create', { name: 'Oars', memberIds: [ada.accountId] })
  await tom.call('chat.send', { roomId: room.id, body: 'ash or spruce?' })
  await tom.call('directory.account.delete', { password, messages: 'delete' })
  const { view } = await ada.call('chat.open', { roomId: room.id })
  assert.deepEqual(view.messages, [])
})

test('[DIR-7] a locked person gets no link', async () => {
  const bob = await hub.colleague(ada, 'Locked Bob')
  await ada.call('directory.person.change', { accountId: bob.accountId, status: 'locked' })
  assert.equal((await ada.refusal('directory.person.invite', { accountId: bob.accountId })).code, 'conflict')
})

test('people are paged by name, whatever the script, and nobody twice', async () => {
  const names = ['Ångström, Åsa', 'áron', 'Zoë', 'حسن', '山田 太郎', '😀 Smiley', 'bob', 'Ömer']
  for (const name of names) await ada.call('directory.person.add', { name, address: `${randomUUID()}@saltmarsh.example` })
  const seen: Person[] = []
  for (let hasMore = true; hasMore;) {
    const last = seen.at(-1)
    const page = await ada.call('directory.people', { limit: 3, include: 'everyone', ...(last ? { after: last.id } : {}) })
    seen.push(...page.people)
    hasMore = page.hasMore
  }
  const all = await ada.call('directory.people', { limit: 100, include: 'everyone' })
  assert.deepEqual(seen, all.people)
  const of = (name: string) => seen.findIndex((person) => person.name === name)
  assert.ok(of('Ångström, Åsa') < of('áron') && of('áron') < of('bob') && of('Ömer') < of('Zoë'))
})

test('people are found by the beginnings of words of name and address, with or without accents', async () => {
  await ada.call('directory.person.add', { name: 'José Müller-Škoda', address: 'jm.harbour@quay.example' })
  await ada.call('directory.person.add', { name: '佐藤 花子', address: 'hanako@saltmarsh.example' })
  await ada.call('directory.person.add', { name: '100% Real_Name', address: 'real@saltmarsh.example' })
  const found = async (search: string) => (await ada.call('directory.people', { search })).people.map(({ name }) => name)
  for (const search of ['jose', 'MULL', 'skod jos', 'jm.harbour@quay.example', 'harb', 'quay', 'Müller-Šk'])
    assert.deepEqual(await found(search), ['José Müller-Škoda'], search)
  for (const search of ['佐', '花子', '子', 'hana']) assert.deepEqual(await found(search), ['佐藤 花子'], search)
  // Three signs and more are also found within a word.
  assert.deepEqual(await found('oda'), ['José Müller-Škoda'])
  assert.deepEqual(await found('ko'), [])
  assert.deepEqual(await found('%'), [])
  assert.deepEqual(await found('real_n'), ['100% Real_Name'])
})

test('hostile names are stored and shown as they are, and found', async () => {
  for (const name of ['../../x', 'CON', '\u202Etxt.exe', '😀'.repeat(300), `'; drop table account; --`, '<script>alert(1)</script>']) {
    const { person } = await ada.call('directory.person.add', { name, address: `${randomUUID()}@saltmarsh.example` })
    assert.equal(person.name, name)
    const { people } = await ada.call('directory.people', { search: name.slice(0, 100) })
    assert.ok(
      people.some(({ id }) => id === person.id),
      name,
    )
  }
})

test('a profile is its owner’s to change, and everybody hears of it', async () => {
  const bob = await hub.colleague(ada, 'Plain Bob')
  const me = await bob.call('directory.profile.change', { name: 'Robert', title: 'Rigger', language: 'de' })
  assert.deepEqual([me.person.name, me.person.title, me.language], ['Robert', 'Rigger', 'de'])
  const facts = factsAbout(bob.accountId)
  assert.equal(facts.at(-1)?.name, 'Robert')
  await bob.call('directory.profile.change', { language: 'en' })
  assert.equal(factsAbout(bob.accountId).length, facts.length)
  const { rows } = await sql<{
    payload: unknown
  }>`select payload from journal where subject = ${`person:${bob.accountId}`} and payload is not null`.execute(hub.db)
  assert.deepEqual(
    rows.map(({ payload }) => payload),
    [me.person],
  )
})

test('who is not there does not exist', async () => {
  const nobody = randomUUID() as AccountId
  assert.deepEqual(await ada.call('directory.people.of', { ids: [nobody] }), [])
  assert.equal((await ada.refusal('directory.person.change', { accountId: nobody, name: 'x' })).code, 'not_found')
  assert.equal((await ada.refusal('directory.person.invite', { accountId: nobody })).code, 'not_found')
})

test('everybody gets a copy of what is kept of them, and of nobody else', async () => {
  const bob = await hub.colleague(ada, 'Copy Bob')
  const { room } = await bob.call('chat.room.create', { name: 'Copies', memberIds: [ada.accountId] })
  await bob.call('chat.send', { roomId: room.id, body: 'mine “quoted” \\ and\nbroken' })
  await ada.call('chat.send', { roomId: room.id, body: 'not his' })
  const direct = await bob.call('chat.direct', { accountId: ada.accountId })
  const drawn = new Canvas(41, 30, () => hex('#ffffff')).fill(circle(20, 10, 8), [12, 90, 140]).png()
  const { path } = await bob.call('pictures.begin', { type: 'image/png', bytes: drawn.length })
  const pieces = [drawn.subarray(0, 10), drawn.subarray(10)]
  await hub.hub.images.receive((await bob.actor())!, path.replace(/^\/upload\//, ''), Readable.from(pieces))
  let text = ''
  const actor = (await bob.actor())!
  const { people, sessions, rooms, images } = hub.hub
  for await (const piece of people.exportOf(actor, [...sessions.exports, ...rooms.exportParts, ...images.exports])) text += piece
  const copy = JSON.parse(text)
  assert.equal(copy.profile[0].name, 'Copy Bob')
  assert.equal(copy.sessions.length, 1)
  assert.deepEqual(
    copy.messages.map(({ body }: { body: string }) => body),
    ['mine “quoted” \\ and\nbroken'],
  )
  assert.ok(!text.includes('not his'))
  const name = (await ada.call('directory.me', {})).person.name
  const named = copy.rooms.map((one: { id: string; name: string }) => [one.id, one.name])
  assert.deepEqual(named, [
    [room.id, 'Copies'],
    [direct.room.id, name],
  ])
  assert.equal(copy.pictures.length, 1)
  assert.ok(Buffer.from(copy.pictures[0].content, 'base64').equals(drawn), 'the picture itself is in the copy')
})
