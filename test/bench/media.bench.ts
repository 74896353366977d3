// Packets that a media worker and our process beside it send on, by CPU-second: one speaks to twenty, six speak with each
// other; with who speaks, changing sizes, signals and figures of quality – against mediasoup alone, which has none of these.
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { configFrom } from '@atrium/platform'
import { placeOf } from '@atrium/sfu/program'
import type { Answer as Sent, Order as Send } from './media.sender.ts'
import type { Answer, Order, Shape } from './media.side.ts'
import { helper } from './processes.ts'
import { alternate, cpuSeconds, part, report, type Figure } from './rig.ts'

const rounds = 5
const roundMs = 10_000
const settleMs = 1_000

const { media, cacheDir } = configFrom({ ...process.env, DATABASE_URL: '', REDIS_URL: '' }, [])
const program = media.program ?? placeOf(cacheDir).file
if (!existsSync(program)) throw new Error('needs the media worker: npm run atrium -- worker')

async function figure(what: string, shape: Shape): Promise<Figure[]> {
  const sender = helper<Send, Sent>('media.sender.ts')
  const { port: sinkPort } = await sender.ask<{ port: number }>({ order: 'sink' })
  const open = async (side: 'ours' | 'alone') => {
    const host = helper<Order, Answer>('media.side.ts')
    return { host, ...(await host.ask<{ ports: number[] }>({ order: 'open', side, program, shape, sinkPort })) }
  }
  const sides = { ours: await open('ours'), alone: await open('alone') }
  const rates: number[] = []
  part([sides.ours.host.pid, sides.alone.host.pid], [process.pid, sender.pid])

  const measured = (side: 'ours' | 'alone') => async () => {
    const { host, ports } = sides[side]
    const packets = async () => (await host.ask<{ packets: number }>({ order: 'count' })).packets
    await sender.ask({ order: 'start', ports })
    await sleep(settleMs)
    const [before, begunAt, spentBefore] = [await packets(), performance.now(), cpuSeconds([host.pid])]
    await sleep(roundMs)
    const [sent, spent] = [(await packets()) - before, cpuSeconds([host.pid]) - spentBefore]
    await sender.ask({ order: 'stop' })
    if (sent === 0) throw new Error(`${side} sent nothing on.`)
    if (side === 'ours') rates.push(sent / ((performance.now() - begunAt) / 1_000))
    return sent / spent
  }
  const { ours, baseline } = await alternate(rounds, measured('alone'), measured('ours'))
  for (const { end } of [sides.ours.host, sides.alone.host, sender]) end()
  return [
    {
      what: `packets sent on by CPU-second, ${what}`,
      unit: '',
      ours,
      baseline: { what: 'mediasoup alone', values: baseline },
      reach: { atLeast: 0.9 },
    },
    { what: `packets sent on by second meanwhile, ${what}`, unit: '/s', ours: rates },
  ]
}

const figures = [...(await figure('1 → 20', { senders: 1, receivers: 20 })), ...(await figure('6 ↔ 6', { senders: 6, receivers: 6 }))]
process.exit(report('Media', figures) ? 0 : 1)
