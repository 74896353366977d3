import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import type { Kysely } from 'kysely'
import { afterAll, beforeAll, test, inject } from 'vitest'
import {
  ticketLivesMs,
  type AccountId,
  type FileId,
  type MeetingId,
  type ParticipantId,
  type PictureId,
  type RoomId,
  type SessionId,
} from '@atrium/protocol'
import { Refusal } from './errors.ts'
import { nodeOf } from './placement.ts'
import { cloneDatabase } from './testing/index.ts'
import { ed25519Tickets, type TicketTables } from './tickets.ts'

let opened: Awaited<ReturnType<typeof cloneDatabase>>
beforeAll(async () => {
  opened = await cloneDatabase(inject('cluster'))
})
afterAll(() => opened.close())

const newId = () => crypto.randomUUID()
const start = Date.UTC(2030, 0, 1)

/** A process that signs or verifies, with a clock of its own. */
function process(name: string) {
  const node = nodeOf(name)
  const clock = { at: start }
  return { node, clock, ...ed25519Tickets({ db: opened.db, node, now: () => new Date(clock.at), newId }) }
}
type Process = ReturnType<typeof process>

const person = { accountId: newId() as AccountId, sessionId: newId() as SessionId }
const media = (node: Process) => ({
  ...person,
  meetingId: newId() as MeetingId,
  roomId: newId() as RoomId,
  participantId: newId() as ParticipantId,
  node: node.node.id,
  may: ['audio' as const],
  asOf: 7,
})
const document = (node: Process) => ({ ...person, fileId: newId() as FileId, node: node.node.id, mode: 'read' as const, asOf: 7 })
const upload = () => ({ ...person, pictureId: newId() as PictureId, bytes: 7, type: 'image/png' })

const refuses = (asking: Promise<unknown>, why?: string) =>
  assert.rejects(asking, (error) => error instanceof Refusal && error.failure.code === 'forbidden', why)

test('what one process signs another accepts, and learns what it is for', async () => {
  const [hub, node] = [process('hub'), process('collab')]
  const claims = document(node)
  const ticket = await node.verify(await hub.sign('document', claims), 'document', { fileId: claims.fileId, mode: 'read' })
  assert.deepEqual(ticket, { ...claims, purpose: 'document', id: ticket.id, issuedAt: start, expiresAt: start + ticketLivesMs.document })
})

test('two tickets that come together to a process that knows no key yet are both good', async () => {
  const [hub, other] = [process('hub'), process('other')]
  const tokens = [await hub.sign('upload', upload()), await hub.sign('upload', upload())]
  await Promise.all(tokens.map((token) => other.verify(token, 'upload', person)))
})

test('processes that start together sign with one key', async () => {
  const fresh = await cloneDatabase(inject('cluster'))
  const all = Array.from({ length: 8 }, () => ed25519Tickets({ db: fresh.db, node: nodeOf('hub'), now: () => new Date(start), newId }))
  const tokens = await Promise.all(all.map((one) => one.sign('upload', upload())))
  assert.equal(new Set(tokens.map((token) => token.split('.')[0])).size, 1)
  await fresh.close()
})

test('a ticket is for one purpose, one object, one session and one run of one node', async () => {
  const [hub, node, other] = [process('hub'), process('collab'), process('other')]
  const reborn = process('collab')
  const claims = document(node)
  const token = await hub.sign('document', claims)
  await refuses(node.verify(token, 'media', {}), 'purpose')
  await refuses(node.verify(token, 'upload', {}), 'purpose')
  await refuses(node.verify(token, 'document', { fileId: newId() as FileId }), 'object')
  await refuses(node.verify(token, 'document', { mode: 'write' }), 'right')
  await refuses(node.verify(token, 'document', { sessionId: newId() as SessionId }), 'session')
  await refuses(node.verify(token, 'document', { accountId: newId() as AccountId }), 'account')
  await refuses(other.verify(token, 'document', {}), 'node')
  await refuses(reborn.verify(token, 'document', {}), 'an earlier run of the node')
  await node.verify(token, 'document', claims)
})

test('a ticket is as old as the look at the rights that it stands for', async () => {
  const one = process('one')
  const lookedAt = new Date(start - 30_000)
  const { issuedAt, expiresAt } = await one.verify(await one.sign('document', document(one), lookedAt), 'document', {})
  assert.deepEqual([issuedAt, expiresAt], [lookedAt.getTime(), lookedAt.getTime() + ticketLivesMs.document])
})

test('a media ticket is good once, the others until they end', async () => {
  const [hub, node] = [process('hub'), process('sfu')]
  const first = await hub.sign('media', media(node))
  await node.verify(first, 'media', {})
  await refuses(node.verify(first, 'media', {}), 'replayed')

  const together = await hub.sign('media', media(node))
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => node.verify(together, 'media', {})))
  assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1)

  const paper = await hub.sign('document', document(node))
  await node.verify(paper, 'document', {})
  await node.verify(paper, 'document', {})
})

test('[R-6] no ticket is accepted more than a minute late or early, and a spent one stays spent as long as it could be', async () => {
  const [hub, node] = [process('hub'), process('sfu')]
  const minute = 60_000
  const token = await hub.sign('upload', upload())
  for (const [at, isGood] of [
    [start - minute - 1, false],
    [start - minute, true],
    [start + ticketLivesMs.upload + minute, true],
    [start + ticketLivesMs.upload + minute + 1, false],
  ] as const) {
    node.clock.at = at
    if (isGood) await node.verify(token, 'upload', {})
    else await refuses(node.verify(token, 'upload', {}), `at ${at - start}`)
  }
  node.clock.at = start
  const spent = await hub.sign('media', media(node))
  await node.verify(spent, 'media', {})
  for (const steps of [0, 1, 2, 60, -60, 2, 1, 0]) {
    // The clock steps, others come and go: what was spent is not forgotten meanwhile.
    node.clock.at = start + steps * minute
    hub.clock.at = node.clock.at
    await node.verify(await hub.sign('media', media(node)), 'media', {})
    await refuses(node.verify(spent, 'media', {}), 'replayed')
  }
})

test('whatever was not signed by us as it stands is refused', async () => {
  const [hub, node] = [process('hub'), process('collab')]
  const token = await hub.sign('document', document(node))
  const [kid, claims, signature] = token.split('.') as [string, string, string]
  const raised = Buffer.from(Buffer.from(claims, 'base64url').toString().replace('"read"', '"write"')).toString('base64url')
  const stranger = generateKeyPairSync('ed25519').privateKey
  const forged = sign(null, Buffer.from(`${kid}.${raised}`), stranger).toString('base64url')
  for (const bad of [
    '',
    '.',
    '..',
    'x',
    `${kid}.${claims}`,
    `${kid}.${claims}.`,
    `${token}.x`,
    `${kid}.${raised}.${signature}`,
    `${kid}.${raised}.${forged}`,
    `${newId()}.${claims}.${signature}`,
    `${kid}.${claims}.${signature.slice(0, -4)}AAAA`,
    token + 'x'.repeat(5_000),
    `__proto__.${claims}.${signature}`,
  ])
    await refuses(node.verify(bad, 'document', {}), bad)
  await node.verify(token, 'document', {})
})

test('a new key signs at once, and what the old one signed stays good until it expires', async () => {
  const [hub, node] = [process('hub'), process('collab')]
  const old = await hub.sign('upload', upload())
  await node.verify(old, 'upload', {})
  await hub.rotate()
  const fresh = await hub.sign('upload', upload())
  assert.notEqual(fresh.split('.')[0], old.split('.')[0])
  const later = process('collab')
  await later.verify(fresh, 'upload', {})
  await later.verify(old, 'upload', {})

  hub.clock.at += 3 * ticketLivesMs.upload
  await hub.rotate()
  hub.clock.at += 3 * ticketLivesMs.upload
  await hub.rotate()
  const tables: Kysely<TicketTables> = opened.db
  const kept = await tables.selectFrom('ticketKey').select('kid').execute()
  assert.ok(!kept.some(({ kid }) => kid === old.split('.')[0]))
  assert.equal((await tables.selectFrom('ticketSigner').select('kid').execute()).length, kept.length)
})
