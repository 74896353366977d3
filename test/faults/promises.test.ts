import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { WebSocket } from 'ws'
import { until } from '@atrium/platform/testing'
import { protocolVersion } from '@atrium/protocol'
import { topologies, topology } from '../harness/topology.ts'
import { forMs, patience, seeds } from './form.ts'
import { talk, verdictOf } from './load.ts'
import { lossyRedis } from './lossy-redis.ts'
import { seeded, type Seeded } from './seed.ts'
import { town, type Town } from './town.ts'
import type { Witness } from './witness.ts'

const perSecond = 60
const nothing = { lost: 0, doubled: 0, phantom: 0, reordered: 0, divergent: 0 }

describe.each(topologies)('%s', (name) => {
  let here: Town
  let redis: Awaited<ReturnType<typeof lossyRedis>> | undefined
  beforeAll(async () => {
    const running = await topology(name, {
      isOpenedElsewhere: true,
      throughRedis: async (url) => {
        redis = await lossyRedis(url, seeded(seeds[0]!))
        return redis.url
      },
    })
    here = await town(running, { people: 12, rooms: 4, networks: 4 })
  })
  afterAll(async () => {
    await here?.stop()
    await redis?.stop()
  })

  /** Everybody talks while the fault happens; then all is quiet, and nothing may be wrong. */
  async function promise(what: string, seed: number, fault: (chance: Seeded, witnesses: Witness[]) => Promise<string>) {
    const chance = seeded(seed)
    const witnesses = await Promise.all(here.people.map((who) => here.witness(who)))
    try {
      const talking = talk(witnesses, here.rooms, chance, { perSecond, ms: forMs })
      const bit = await fault(chance, witnesses)
      const sends = await talking
      const quietFrom = performance.now()
      const { counters, sends: outcomes, complaints } = await verdictOf(here, witnesses, sends)
      console.log(
        `${what} ${name} seed ${seed}: ${bit}; ${outcomes.ok} sent, level ${(performance.now() - quietFrom).toFixed(0)} ms after the last word`,
      )
      assert.deepEqual(counters, nothing, `seed ${seed}: ${complaints.join('\n')}`)
      assert.ok(outcomes.ok > 0, 'nobody could send anything')
      assert.equal(outcomes.unknown, 0, 'some sends were never answered')
    } finally {
      await Promise.all(witnesses.map((witness) => witness.close()))
    }
  }

  test.each(seeds)('[R-1] connections are cut: every acknowledged message is on every screen once, in one order (seed %i)', (seed) =>
    promise('R-1', seed, async (chance, witnesses) => {
      let cuts = 0
      for (const end = performance.now() + forMs; performance.now() < end; await sleep(chance.between(50, 400)))
        cuts += chance.one(here.networks).cut()
      const reconnects = () => witnesses.reduce((sum, witness) => sum + witness.reconnects, 0)
      await until(
        'those who were cut are back',
        () => reconnects() > 0 && witnesses.every((witness) => witness.socket.connected),
        2_000 * patience,
      )
      return `${cuts} connections cut, ${reconnects()} came back`
    }),
  )

  test.each(seeds)('[R-2] a hub is killed: nothing that was acknowledged is lost (seed %i)', (seed) =>
    promise('R-2', seed, async (chance) => {
      await sleep(chance.between(100, forMs - 500))
      const victim = chance.one(here.topology.servers)
      const before = victim.pid
      const killedAt = performance.now()
      await victim.restart('SIGKILL')
      assert.notEqual(victim.pid, before, 'fault not injected')
      return `process ${before} killed, in service again after ${(performance.now() - killedAt).toFixed(0)} ms`
    }),
  )

  test('[R-5] the answer is lost: the repetition is the same message, also elsewhere and ten times at once', async () => {
    const [near, far] = here.networks as [Town['networks'][number], Town['networks'][number]]
    const [one, other] = [
      await here.witness(here.people[1]!, { network: near, ackTimeoutMs: 400 }),
      await here.witness(here.people[1]!, { network: far }),
    ]
    const roomId = here.rooms[0]!
    try {
      for (let n = 0; n < 10; n++) {
        const clientId = randomUUID()
        const lost = near.dropFrame('down', (text) => /^43\d+\[/.test(text) && text.includes(clientId))
        const first = one.send(roomId, `once ${n}`, { clientId })
        assert.ok((await lost).includes('"ok":true'), 'fault not injected')
        const again = await Promise.all(Array.from({ length: 10 }, (_, i) => (i % 2 ? one : other).send(roomId, `once ${n}`, { clientId })))
        const ids = new Set([await first, ...again].map(({ id, outcome }) => `${outcome} ${id}`))
        assert.equal(ids.size, 1, [...ids].join())
      }
      const { counters, complaints } = await verdictOf(here, [one, other], [])
      assert.deepEqual(counters, nothing, complaints.join('\n'))
    } finally {
      await Promise.all([one.close(), other.close()])
    }
  })

  test('[R-23] who does not read is cut by name, and the others do not notice', async () => {
    const slow = await silentReader(
      here.topology.url,
      here.people[2]!.cookie,
      here.rooms.map((roomId) => `room:${roomId}`),
    )
    const talkers = await Promise.all(here.people.slice(3).map((who) => here.witness(who)))
    const cutBefore = await endingsOf(here, 'too_slow')
    try {
      const text = 'x'.repeat(19_000)
      const took: number[] = []
      // Past what the kernel buffers for both sides, the hub would have to keep it.
      for (let round = 0; round < 90; round++)
        await Promise.all(
          talkers.map(async (talker) => {
            const { begunAt, endedAt } = await talker.send(here.rooms[round % 4]!, text)
            took.push(endedAt - begunAt)
          }),
        )
      await until('the hub says that it cut the slow one', async () => (await endingsOf(here, 'too_slow')) > cutBefore, 10_000)
      const sorted = took.toSorted((a, b) => a - b)
      console.log(
        `R-23 ${name}: ${took.length} sends of 19 KB beside a silent reader, p50 ${sorted[took.length >> 1]!.toFixed(0)} ms, p99 ${sorted[Math.floor(took.length * 0.99)]!.toFixed(0)} ms`,
      )
      const { counters, complaints } = await verdictOf(here, talkers, [])
      assert.deepEqual(counters, nothing, complaints.join('\n'))
    } finally {
      slow.terminate()
      await Promise.all(talkers.map((talker) => talker.close()))
    }
  }, 120_000)

  test('[R-27] a hub is asked to end under load: it says so first, answers what is under way, and is gone in time', () =>
    promise('R-27', seeds[0]!, async (chance, witnesses) => {
      await sleep(chance.between(300, 1_000))
      const victim = here.topology.servers[0]!
      const before = victim.pid
      const askedAt = performance.now()
      const ended = victim.kill('SIGTERM')
      const readyz = await until('readiness falls', async () => {
        const status = await fetch(`${victim.url}/readyz`).then(
          (response) => response.status,
          () => 0,
        )
        return status !== 200 && `${status}`
      })
      await ended
      const goneAfter = performance.now() - askedAt
      assert.ok(goneAfter < 15_000 + 1_000, `it took ${goneAfter} ms to end`)
      await victim.start()
      assert.notEqual(victim.pid, before, 'fault not injected')
      const told = witnesses.filter((witness) => witness.endings.includes('draining')).length
      assert.ok(told > 0, 'nobody was told why the connection ends')
      return `readyz ${readyz}, gone after ${goneAfter.toFixed(0)} ms, ${told} told why`
    }))

  if (name === 'apart') {
    test.each([0.01, 0.1, 1])('[R-9] the bus loses a share of %f of what it carries: all screens are right all the same', (share) =>
      promise('R-9', seeds[0]!, async () => {
        redis!.lose(share)
        const before = redis!.counts.lost
        await sleep(forMs)
        // It goes on losing while the screens settle: nothing tells a process of the last word but its own regular look.
        await until('the bus lost something', () => redis!.counts.lost > before, 10_000)
        return `${redis!.counts.lost - before} of ${redis!.counts.pushed} messages lost`
      }).finally(() => redis!.lose(0)),
    )

    test('[R-9] a locked person is out within two seconds though the bus loses everything', async () => {
      const victim = here.people.pop()! // whose sessions end for good
      const witness = await here.witness(victim)
      const admin = await here.witness(here.people[0]!, { roomIds: [] })
      redis!.lose(1)
      try {
        const lockedAt = performance.now()
        await admin.ask('directory.person.change', { clientId: randomUUID(), accountId: victim.accountId, status: 'locked' })
        await until('the locked one is cut', () => witness.endings.includes('account_locked'), 2_000 * patience)
        console.log(`R-9 ${name}: locked, and out after ${(performance.now() - lockedAt).toFixed(0)} ms without a bus`)
      } finally {
        redis!.lose(0)
        await Promise.all([witness.close(), admin.close()])
      }
    })

    test('[R-16] Redis is gone for a while: processes stay, readiness falls, chat goes on, nothing is lost', () =>
      promise('R-16', seeds[0]!, async () => {
        const { redis: outside } = here.topology.outside!
        const pids = here.topology.processes.map(({ pid }) => pid)
        await outside.stop('SIGKILL')
        const server = here.topology.servers[0]!
        await until('readiness falls', async () => (await fetch(`${server.url}/readyz`)).status === 503)
        assert.equal((await fetch(`${server.url}/livez`)).status, 200)
        await sleep(2_000)
        const backAt = performance.now()
        await outside.start()
        await until(
          'all are ready again',
          async () => (await Promise.all(here.topology.servers.map(({ url }) => fetch(`${url}/readyz`)))).every(({ ok }) => ok),
          5_000 * patience,
        )
        assert.deepEqual(
          here.topology.processes.map(({ pid }) => pid),
          pids,
          'a process ended with it',
        )
        return `ready again ${(performance.now() - backAt).toFixed(0)} ms after Redis`
      }))

    test('PostgreSQL is restarted under load: nothing is lost, no process ends', () =>
      promise('PostgreSQL', seeds[0]!, async () => {
        const pids = here.topology.processes.map(({ pid }) => pid)
        const { postgres } = here.topology.outside!
        await sleep(500)
        await postgres.stop()
        await until('a hub notices', async () => (await fetch(`${here.topology.servers[0]!.url}/readyz`)).status === 503)
        await postgres.start()
        assert.deepEqual(
          here.topology.processes.map(({ pid }) => pid),
          pids,
          'a process ended with it',
        )
        return 'stopped and started'
      }))
  }
})

/** Signs on, opens rooms, and then never reads another byte. */
async function silentReader(url: string, cookie: string, topics: string[]): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, {
    headers: { cookie, origin: url },
    perMessageDeflate: false,
  })
  socket.on('error', () => {})
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.on('message', (data: Buffer) => {
    const text = data.toString()
    if (text.startsWith('0')) socket.send(`40${JSON.stringify({ protocol: protocolVersion })}`)
    else if (text.startsWith('40')) socket.send(`420["sync.watch",${JSON.stringify({ topics })}]`)
    else if (text.startsWith('430')) {
      socket.pause()
      resolve()
    }
  })
  await promise
  return socket
}

/** How many connections all processes ended for a reason, by their own count. */
async function endingsOf({ topology: { servers } }: Town, reason: string): Promise<number> {
  const texts = await Promise.all(servers.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()))
  const line = new RegExp(`^atrium_endings_total\\{[^}]*reason="${reason}"[^}]*\\} (\\d+)`, 'gm')
  return texts.flatMap((text) => [...text.matchAll(line)]).reduce((sum, [, count]) => sum + Number(count), 0)
}
