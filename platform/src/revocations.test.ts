import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import { memoryBus } from './bus/memory.ts'
import { revocations } from './revocations.ts'
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
