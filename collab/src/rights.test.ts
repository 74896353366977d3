import assert from 'node:assert/strict'
import { afterAll, afterEach, beforeAll, inject, test } from 'vitest'
import { Awareness, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness'
import { Doc, encodeStateAsUpdate } from 'yjs'
import { lostUpTo, newId } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import type { SessionId } from '@atrium/protocol'
import { say, sync } from './frames.ts'
import { intruder } from './testing/hostile.ts'
import { aFile, anAccount, documentNode, type DocumentNode, type TestPerson } from './testing/index.ts'
import { visitors } from './testing/visitors.ts'

let node: DocumentNode
let aheadMs = 0
const come = visitors(() => node)
beforeAll(async () => {
  node = await documentNode(inject('cluster'), { now: () => new Date(Date.now() + aheadMs) })
})
afterEach(() => {
  aheadMs = 0
})
afterAll(() => node.close())

const { work } = { work: () => node.house.databaseOf<object>().work }
type Revoked = Parameters<Parameters<ReturnType<typeof work>>[0]>[1] extends (topic: any, name: any, payload: infer P) => void ? P : never
const revoke = (revoked: Revoked) =>
  work()(async (_tx, announce) => announce('revocations:all', 'directory.right.revoked', revoked as never))
/** The node has heard of what was lost until now: the loss after all others has ended somebody's visit. */
async function allHeard() {
  const last = come(aFile())
  await last.saved()
  await revoke({ kind: 'account', accountId: last.accountId, reason: 'locked' })
  await endOf(last)
}
async function stays(one: TestPerson) {
  one.text.insert(0, 'still here')
  await one.saved()
  assert.ok(!one.heard.some((line) => line.startsWith('closed')))
}
const endOf = (one: TestPerson) => until('the connection ends', () => one.heard.find((line) => line.startsWith('closed')))

test('a reader reads, and nothing a reader sends changes the document', async () => {
  const fileId = aFile()
  const [alice, rex] = [come(fileId), come(fileId, { mode: 'read' })]
  await Promise.all([alice.saved(), rex.saved()])
  assert.ok(rex.heard.includes('authenticated readonly'))
  alice.text.insert(0, 'hello')
  await until('rex reads', () => rex.text.toString() === 'hello')
  rex.text.insert(0, 'EVIL')

  const raw = await intruder(node, fileId, { mode: 'read' })
  const evil = new Doc()
  evil.getText('t').insert(0, 'EVIL')
  const update = encodeStateAsUpdate(evil)
  for (const step of [sync.step2, sync.update]) raw.frame(say.sync(step, update))
  raw.frame(Uint8Array.of(4, ...say.sync(sync.update, update).subarray(1)))
  await until('all three were answered', () => raw.heard.filter(([kind, isSaved]) => kind === 8 && isSaved === 0).length === 3)
  alice.text.insert(5, '!')
  await alice.saved()
  await until('rex reads on', () => rex.text.toString().endsWith('hello!'))
  assert.equal(alice.text.toString(), 'hello!')
  assert.ok(rex.provider.hasUnsyncedChanges, 'what a reader typed is not called saved')
})

test('a socket opens the one document that it greeted for', async () => {
  const [mine, other] = [aFile(), aFile()]
  const raw = await intruder(node, mine)
  raw.socket.send(Buffer.concat([Buffer.from(`\x24${other}`), say.sync(sync.step1, Uint8Array.of(0))]))
  await until('it ends', () => raw.ended() === '4003 ticket_refused')
})

test('who is where carries the account of the ticket, and nobody speaks for others', async () => {
  const fileId = aFile()
  const [alice, bob] = [come(fileId), come(fileId)]
  await Promise.all([alice.saved(), bob.saved()])
  bob.provider.awareness!.setLocalState({ user: { id: alice.accountId, name: 'ALICE' }, cursor: { anchor: 1 }, more: 'x' })
  alice.provider.awareness!.setLocalState({ cursor: null })
  const ofBob = () => alice.provider.awareness!.getStates().get(bob.document.clientID)
  await until('alice sees where bob is', () => ofBob()?.['cursor'])
  assert.deepEqual(ofBob(), { user: { id: bob.accountId }, cursor: { anchor: 1 } })
  const ofAlice = () => bob.provider.awareness!.getStates().get(alice.document.clientID)
  await until('bob sees alice', ofAlice)

  const forged = new Awareness(Object.assign(new Doc(), { clientID: alice.document.clientID }))
  for (let clock = 0; clock < 9; clock++) forged.setLocalState({ cursor: 'elsewhere' })
  const liar = await intruder(node, fileId)
  liar.frame(say.awareness(encodeAwarenessUpdate(forged, [alice.document.clientID])))
  liar.frame(say.awareness(encodeAwarenessUpdate(forged, [alice.document.clientID], new Map([[alice.document.clientID, null as never]]))))
  bob.provider.awareness!.setLocalState({ cursor: { anchor: 2 } })
  await until('bob moved', () => (ofBob()?.['cursor'] as { anchor: number }).anchor === 2)
  assert.deepEqual(ofAlice(), { user: { id: alice.accountId }, cursor: null })
  forged.destroy()

  removeAwarenessStates(bob.provider.awareness!, [bob.document.clientID], 'hides the page')
  await until('who hides is gone', () => ofBob() === undefined)
})

test('an account and a session that end close their documents by name, at once', async () => {
  const fileId = aFile()
  const sessionId = newId() as SessionId
  const carol = anAccount()
  const [out, here] = [come(fileId, { accountId: carol, sessionId }), come(fileId, { accountId: carol })]
  const locked = come(fileId)
  await Promise.all([out, here, locked].map((one) => one.saved()))
  await revoke({ kind: 'session', accountId: carol, sessionIds: [sessionId], reason: 'password_changed' })
  assert.equal(await endOf(out), 'closed 4401 password_changed')
  await revoke({ kind: 'account', accountId: locked.accountId, reason: 'locked' })
  assert.equal(await endOf(locked), 'closed 4403 account_locked')
  await stays(here)
})

test('anything else that is taken from somebody sends them for another ticket; one from before is refused', async () => {
  const fileId = aFile()
  const dora = anAccount()
  const old = await node.sign(fileId, { accountId: dora })
  let isOld = false
  const one = come(fileId, { accountId: dora, token: () => (isOld ? old : node.sign(fileId, { accountId: dora, mode: 'read' })) })
  await one.saved()
  isOld = true
  await revoke({ kind: 'file', accountId: dora, fileId: aFile() })
  assert.equal(await endOf(one), 'closed 4003 ticket_refused')
  await until('the old ticket was refused', () => one.heard.filter((line) => line.endsWith('ticket_refused')).length >= 2)
  isOld = false
  await until('the next one is good at once', () => one.heard.at(-1) === 'authenticated readonly')
})

test('a loss that its ticket knew of ends nothing, however late the node hears of it', async () => {
  const fileId = aFile()
  const dora = anAccount()
  const asOf = (await lostUpTo(node.clone.db)) + 1
  const one = come(fileId, { accountId: dora, asOf })
  await one.saved()
  await revoke({ kind: 'file', accountId: dora, fileId })
  await allHeard()
  await stays(one)
})

test('who is refused comes again once for each refusal, and not twice at once', async () => {
  let bad = 3
  const fileId = aFile()
  const one = come(fileId, { token: () => (bad-- > 0 ? 'no ticket' : node.sign(fileId)) })
  await one.saved()
  assert.deepEqual(one.heard, [...Array.from({ length: 3 }, () => 'closed 4003 ticket_refused'), 'authenticated read-write'])
  assert.equal(one.socket.identifier, 4, 'connections that were made')
})

test('a node that began after a loss refuses what was looked at before it', async () => {
  const fileId = aFile()
  const asOf = await lostUpTo(node.clone.db)
  await revoke({ kind: 'file', accountId: anAccount(), fileId: aFile() })
  const second = await documentNode(inject('cluster'), { beside: node, name: 'collab-2' })
  const raw = await intruder(second, fileId, { asOf })
  await until('it ends', () => raw.ended() === '4003 ticket_refused')
  const fresh = await intruder(second, fileId)
  await until('it is in', () => fresh.heard.length > 0)
  await second.close()
})

test('who leaves a meeting stays in their documents', async () => {
  const fileId = aFile()
  const dora = anAccount()
  const one = come(fileId, { accountId: dora })
  await one.saved()
  await revoke({ kind: 'participant', accountId: dora, meetingId: newId(), participantId: newId(), isOut: true })
  await allHeard()
  await stays(one)
})

test('what was signed within seconds of a lock is refused: the clock that signed it may be ahead', async () => {
  const lockedWhen = async (signerAheadMs: number) => {
    const accountId = anAccount()
    aheadMs = -signerAheadMs
    await revoke({ kind: 'account', accountId, reason: 'locked' })
    await allHeard()
    return accountId
  }
  const [dora, emil] = [await lockedWhen(4_000), await lockedWhen(10_000)]
  assert.equal(await endOf(come(aFile(), { accountId: dora })), 'closed 4003 ticket_refused')
  await come(aFile(), { accountId: emil }).saved()
})

test('a ticket from before a right was lost is refused for as long as it lives, whatever else is lost meanwhile', async () => {
  const fileId = aFile()
  const kept = await node.sign(fileId, { accountId: anAccount() })
  const dora = anAccount()
  const old = await node.sign(fileId, { accountId: dora })
  await revoke({ kind: 'seat', accountId: dora, roomId: newId(), toSeq: 1 })
  aheadMs = 200_000
  await allHeard()
  aheadMs = 0
  assert.equal(await endOf(come(fileId, { accountId: dora, token: () => old })), 'closed 4003 ticket_refused')
  const one = come(fileId, { token: () => kept })
  await one.saved()
})

test('a ticket that grows old is renewed in the middle of work, and may allow less', async () => {
  const fileId = aFile()
  const emil = anAccount()
  let mode: 'read' | 'write' = 'write'
  let asked = 0
  const one = come(fileId, { accountId: emil, token: () => (asked++, node.sign(fileId, { accountId: emil, mode })) })
  await one.saved()
  mode = 'read'
  aheadMs = 151_000
  await until('it may only read', () => one.heard.at(-1) === 'authenticated readonly')
  assert.ok(asked >= 2)
  assert.ok(!one.heard.some((line) => line.startsWith('closed')), 'nothing was interrupted')
  one.text.insert(0, 'X')
  const other = come(fileId)
  await other.saved()
  assert.equal(other.text.toString(), '')
})

test('a ticket that is not renewed ends its connection', async () => {
  const fileId = aFile()
  const raw = await intruder(node, fileId)
  await until('it is in', () => raw.heard.length > 0)
  aheadMs = 301_000
  await until('it ends', () => raw.ended() === '4003 ticket_refused')
})
