import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import { memoryBus } from './bus/memory.ts'
import { recentLosses, revocations, type Revoked } from './revocations.ts'
import { cloneDatabase, until } from './testing/index.ts'
import { workshop } from './work.ts'

let house: Awaited<ReturnType<typeof cloneDatabase>>
beforeAll(async () => {
  house = await cloneDatabase(inject('cluster'))
})
afterAll(() => house.close())

const log = { debug() {}, info() {}, warn: (line: unknown) => assert.fail(JSON.stringify(line)), error() {}, of: () => log }
const locked = (accountId: string) => ({ kind: 'account', accountId, reason: 'locked' }) as const
const revoking = (bus: Parameters<typeof workshop>[1]) => {
  const { work } = workshop(house.db, bus)()
  return (accountId: string) => work(async (_, announce) => announce('revocations:all', 'directory.right.revoked', locked(accountId)))
}

test('a right that was lost is told once, by the bus at once or by a look within a second', async () => {
  const bus = memoryBus({ onBug: (error) => assert.fail(String(error)) })
  const [heard, lost] = [revoking(bus), revoking({ publish() {} })]
  await heard('before')
  const rights = await revocations({ db: house.db, bus, log, everyMs: 20 })
  const told: string[] = []
  rights.onRevoked((revoked) => told.push(revoked.kind === 'account' ? revoked.accountId : ''))

  await heard('alice')
  await lost('bob')
  await lost('carol')
  await heard('dave')
  await until('all four are told', () => told.length >= 4)
  await heard('eve')
  await until('Eve is told', () => told.includes('eve'))
  assert.deepEqual(told.toSorted(), ['alice', 'bob', 'carol', 'dave', 'eve'])

  await sql`delete from journal`.execute(house.db)
  await sql`update topic set seq = seq + 3`.execute(house.db)
  await lost('frank')
  await until('Frank is told, though those before him were pruned', () => told.includes('frank'))
  rights.stop()
})

const at = Date.parse('2026-01-01T12:00:00Z')
const losing = (revoked: Revoked) => {
  const losses = recentLosses('media', () => new Date(at))
  losses.add(revoked, 7)
  return ({ afterMs, asOf }: { afterMs: number; asOf: number }) =>
    losses.unknownTo({ issuedAt: at + afterMs, asOf }, ({ kind }) => kind === revoked.kind) !== undefined
}

test('what lies in rows is lost to tickets that looked before, by the order of the journal and whatever the clock says', () => {
  for (const isLost of [
    losing({ kind: 'seat', accountId: 'alice', roomId: 'dock', toSeq: 3 }),
    losing({ kind: 'file', accountId: 'alice', fileId: 'minutes' }),
    losing({ kind: 'participant', accountId: 'alice', meetingId: 'bath', participantId: 'one', isOut: true }),
  ]) {
    assert.deepEqual([-60_000, 0, 60_000].map((afterMs) => isLost({ afterMs, asOf: 6 })), [true, true, true]) // prettier-ignore
    assert.deepEqual([-60_000, 0, 60_000].map((afterMs) => isLost({ afterMs, asOf: 7 })), [false, false, false]) // prettier-ignore
  }
})

test('a person or a session that is gone is lost to what was signed until some seconds later, and to what did not know of it', () => {
  for (const isLost of [
    losing(locked('alice')),
    losing({ kind: 'accounts', accountIds: new Set(['alice']), reason: 'locked' }),
    losing({ kind: 'session', accountId: 'alice', sessionIds: ['one'], reason: 'signed_out' }),
  ]) {
    assert.deepEqual([-1, 0, 5_000, 5_001].map((afterMs) => isLost({ afterMs, asOf: 7 })), [true, true, true, false]) // prettier-ignore
    assert.deepEqual([-1, 5_001, 60_000].map((afterMs) => isLost({ afterMs, asOf: 6 })), [true, true, true]) // prettier-ignore
  }
})
