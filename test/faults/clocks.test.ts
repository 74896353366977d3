import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { notRun } from '@atrium/platform/testing/needs'
import { clockEnv, clockMissing } from '../harness/clocks.ts'
import { topologies, topology } from '../harness/topology.ts'
import { talk, verdictOf } from './load.ts'
import { seeded } from './seed.ts'
import { town, type Town } from './town.ts'

if (clockMissing) notRun('R-6', clockMissing)
else
  describe.each(topologies)('%s', (name) => {
    let here: Town
    let folder: string
    /** What the clock of a process is wrong by, in seconds. */
    const set = (process: string, seconds: number) => writeFile(join(folder, process), `${seconds >= 0 ? '+' : ''}${seconds}`)

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'atrium-clocks-'))
      for (const process of ['hub', 'server-1', 'server-2', 'sfu-1', 'collab-1']) await set(process, process === 'server-2' ? 5 : 0)
      const running = await topology(name, {
        isOpenedElsewhere: true,
        envOf: (process) => clockEnv(join(folder, process)),
      })
      here = await town(running, { people: 6, rooms: 2, networks: 2 })
    })
    afterAll(async () => {
      await here?.stop()
      await rm(folder, { recursive: true, force: true })
    })

    test('[R-6] a clock is stepped by an hour, there and back, while people talk: the order is the number, nobody is thrown out', async () => {
      const witnesses = await Promise.all(here.people.map((who) => here.witness(who)))
      const victim = here.topology.servers[0]!
      const wrongBySeconds = async () => {
        const date = (await fetch(`${victim.url}/livez`)).headers.get('date')
        return (Date.parse(date!) - Date.now()) / 1_000
      }
      try {
        const talking = talk(witnesses, here.rooms, seeded(6), { perSecond: 40, ms: 4_000 })
        await sleep(800)
        await set(victim.name, 3_600)
        const ahead = await until('its clock is an hour ahead', async () => {
          const by = await wrongBySeconds()
          return by > 3_000 ? by : undefined
        })
        await sleep(800)
        await set(victim.name, -3_600)
        const behind = await until('its clock is an hour behind', async () => {
          const by = await wrongBySeconds()
          return by < -3_000 ? by : undefined
        })
        const sends = await talking
        const { counters, complaints, sends: outcomes } = await verdictOf(here, witnesses, sends)
        console.log(`R-6 ${name}: clock wrong by ${ahead.toFixed(0)} s and ${behind.toFixed(0)} s; ${outcomes.ok} sent`)
        assert.deepEqual(counters, { lost: 0, doubled: 0, phantom: 0, reordered: 0, divergent: 0 }, complaints.join('\n'))
        assert.equal(outcomes.ok, sends.length, 'somebody could not send')
        assert.deepEqual(
          witnesses.flatMap(({ endings }) => endings),
          [],
          'somebody was thrown out',
        )
      } finally {
        await set(victim.name, 0)
        await Promise.all(witnesses.map((witness) => witness.close()))
      }
    })
  })
