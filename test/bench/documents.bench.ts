// Fifty documents, three writers each, five key presses a second: what others see when, what it costs, and when it is saved.
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { postgres } from '@atrium/infra/servers'
import { newId } from '@atrium/platform'
import type { FileId } from '@atrium/protocol'
import { documentProcess } from '../faults/document-process.ts'
import type { Answer, Order } from './documents-writers.ts'
import { helper } from './processes.ts'
import { cpuSeconds, percentile, pssMiB, report } from './rig.ts'

const documents = 50
const writersEach = 3
const perSecond = 5
const roundMs = 8_000
const rounds = 4

const database = await postgres({ settings: { fsync: 'on' } })
const ours = await documentProcess(await database.database())
const idleMiB = pssMiB([ours.process.pid])

const plain = fork(join(import.meta.dirname, 'documents-plain.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
const { port } = await new Promise<{ port: number }>((resolve) => plain.once('message', resolve as never))

const names = Array.from({ length: documents }, () => newId() as FileId)
const tickets = (name: FileId) => Promise.all(Array.from({ length: writersEach }, () => ours.sign(name)))
const company = helper<Order, Answer>('documents-writers.ts')
const plainCompany = helper<Order, Answer>('documents-writers.ts')

await company.ask({ order: 'connect', url: ours.address, origin: ours.process.url, documents: [{ name: names[0]!, tokens: [await ours.sign(names[0]!)] }] }) // prettier-ignore
await company.ask({ order: 'write', perSecond: 5, ms: 1_000 })
const threadMiB = pssMiB([ours.process.pid]) - idleMiB
await company.ask({
  order: 'connect',
  url: ours.address,
  origin: ours.process.url,
  documents: await Promise.all(names.map(async (name) => ({ name, tokens: await tickets(name) }))),
})
await plainCompany.ask({
  order: 'connect',
  url: `ws://127.0.0.1:${port}`,
  origin: `http://127.0.0.1:${port}`,
  documents: names.map((name) => ({ name, tokens: Array.from({ length: writersEach }, () => 'x') })),
})

interface Round {
  cpuMicros: number
  seenP95: number
  savedP99: number
}
async function round(writers: typeof company, pid: number): Promise<Round> {
  const before = cpuSeconds([pid])
  const { seenMs, savedMs, updates } = await writers.ask({ order: 'write', perSecond, ms: roundMs })
  const spent = cpuSeconds([pid]) - before
  if (seenMs.length < updates * (writersEach - 1) * 0.95) throw new Error(`${seenMs.length} of ${updates * (writersEach - 1)} were seen`)
  return { cpuMicros: (spent * 1e6) / updates, seenP95: percentile(seenMs, 0.95), savedP99: percentile(savedMs, 0.99) }
}

/** Commits of one small row, beside what the documents write: what a commit takes on this machine, this minute. */
await sql`create table bench (at timestamptz not null)`.execute(ours.db)
const commits: number[] = []
let isCommitting = false
const committing = setInterval(async () => {
  if (!isCommitting) return
  const begun = performance.now()
  await sql`insert into bench values (now())`.execute(ours.db)
  commits.push(performance.now() - begun)
}, 20)

await round(company, ours.process.pid)
await round(plainCompany, plain.pid!)
const theirs: Round[] = []
const mine: Round[] = []
for (let n = 0; n < rounds; n++)
  for (const side of n % 2 ? (['ours', 'plain'] as const) : (['plain', 'ours'] as const)) {
    isCommitting = side === 'ours'
    if (side === 'ours') mine.push(await round(company, ours.process.pid))
    else theirs.push(await round(plainCompany, plain.pid!))
    await sleep(200)
  }
clearInterval(committing)
const commitP99 = percentile(commits, 0.99)

const isReached = report('Documents', [
  {
    what: `CPU of the process per update, ${documents} documents × ${writersEach} writers × ${perSecond}/s`,
    unit: 'µs',
    ours: mine.map(({ cpuMicros }) => cpuMicros),
    baseline: { what: 'Hocuspocus alone, without storage', values: theirs.map(({ cpuMicros }) => cpuMicros) },
    reach: { atMost: 1.5 },
  },
  {
    what: 'key press to the other screen, p95, more than Hocuspocus alone takes',
    unit: 'ms',
    ours: mine.map(({ seenP95 }, n) => seenP95 - theirs[n]!.seenP95),
    reach: { atMost: 5 },
  },
  {
    what: `saved, p99, more than a commit takes (${commitP99.toFixed(1)} ms)`,
    unit: 'ms',
    ours: mine.map(({ savedP99 }) => savedP99 - commitP99),
    reach: { atMost: 30 },
  },
  { what: 'memory of the first thread with a document (PSS)', unit: 'MiB', ours: [threadMiB], reach: { atMost: 45 } },
])
company.end()
plainCompany.end()
plain.send('end')
await ours.stop()
await database.stop()
process.exit(isReached ? 0 : 1)
