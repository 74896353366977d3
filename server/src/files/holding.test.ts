import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { leases, memoryBus, nodeOf, type Placement } from '@atrium/platform'
import { cloneDatabase } from '@atrium/platform/testing'
import { holding } from './holding.ts'

let opened: Awaited<ReturnType<typeof cloneDatabase>>
let placement: Placement
const bus = memoryBus()
beforeAll(async () => {
  opened = await cloneDatabase(inject('cluster'))
  placement = leases(opened.db)
})
afterAll(async () => {
  await bus.close()
  await opened.close()
})

/** A run of a process of the hub. */
const runs = (name: string) => holding({ bus, placement, node: nodeOf(name), newId: randomUUID })

test('whoever comes later asks for it, and has it when the one before lets go', async () => {
  const [one, other] = [runs('one'), runs('other')]
  const id = randomUUID()
  const first = await one.hold(id, () => void first.release())
  const second = await other.hold(id, () => {})
  await second.release()
  one.stop()
  other.stop()
})

test('what a process held when it died is free as soon as it runs again, for others too', async () => {
  const dies = runs('one')
  const ids = [randomUUID(), randomUUID()]
  const left = await Promise.all(ids.map((id) => dies.hold(id, () => {})))
  // It hears nothing any more, and did not let go.
  dies.stop()

  const other = runs('other')
  const waiting = other.hold(ids[0]!, () => {})
  const again = runs('one')
  const begunAt = performance.now()
  for (const held of await Promise.all([waiting, again.hold(ids[1]!, () => {})])) await held.release()
  assert.ok(performance.now() - begunAt < 5_000, 'the lease of the dead was waited for')
  for (const held of left) await held.release()
  again.stop()
  other.stop()
})
