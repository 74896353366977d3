// Ten sign-ins a second, evenly spaced, at a hub as it is started: how long each takes beside the same hashes in the same pool on
// the same schedule, and what somebody who writes meanwhile notices of it.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { sql } from 'kysely'
import { freePort } from '@atrium/infra/servers'
import { openDatabase } from '@atrium/platform'
import { hashingPool } from '../../server/src/auth/index.ts'
import { screen } from '../../server/src/testing/person.ts'
import { hubProcess } from '../harness/hub-process.ts'
import { addPeople, addRooms } from './crowd.ts'
import { helper } from './processes.ts'
import { alternate, cpuSeconds, percentile, report } from './rig.ts'

const perSecond = 10
const roundSeconds = 10
const sendsPerSecond = 20
const password = 'seven quiet herons'

const folder = await mkdtemp(join(tmpdir(), 'atrium-bench-'))
const hub = await hubProcess({
  name: 'hub',
  port: await freePort(),
  main: 'server/src/main.ts',
  args: ['--data', folder],
  // Each comes from a network of their own, and says so as a proxy would.
  env: { ATRIUM_LOG_LEVEL: 'warn', ATRIUM_TRUSTED_PROXIES: '127.0.0.1' },
})
const db = openDatabase({ host: join(folder, 'db'), user: 'atrium', database: 'postgres', max: 2 })
const pool = hashingPool()
const hash = await pool.hash(password)
const people = await addPeople(db, 100)
await sql`insert into credential (account_id, hash, changed_at)
  select id, ${hash}, now() from unnest(${people.map(({ accountId }) => accountId)}::uuid[]) as made (id)`.execute(db)
const [writer] = await addPeople(db, 1)
const [roomId] = await addRooms(db, [{ members: [writer!] }])
await sql`analyze`.execute(db)

/** Runs `once` so often a second, whatever becomes of those before, and tells how long each took. */
async function evenly(times: number, everyMs: number, once: (n: number) => Promise<unknown>): Promise<number[]> {
  const begun = performance.now()
  const under = Array.from({ length: times }, async (_, n) => {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, begun + n * everyMs - performance.now())))
    const from = performance.now()
    await once(n)
    return performance.now() - from
  })
  return Promise.all(under)
}

let signIns = 0
/** A connection that stays, as a balancer before the hub keeps it. */
const door = new Agent({ keepAlive: true })
async function signIn(origin = hub.url): Promise<void> {
  const n = signIns++
  const asked = request(`${origin}/api/auth.signIn`, {
    method: 'POST',
    agent: door,
    headers: { 'content-type': 'application/json', 'x-forwarded-for': `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}` },
  })
  asked.end(JSON.stringify({ clientId: randomUUID(), address: `person-${people[n % people.length]!.accountId}@crowd.example`, password }))
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  const said = await text(response)
  if (!(JSON.parse(said) as { ok: boolean }).ok) throw new Error(`Somebody could not sign in: ${said}`)
}
const signingIn = (origin?: string) => evenly(perSecond * roundSeconds, 1_000 / perSecond, () => signIn(origin))
const bare = helper<{ host: string }, { port: number }>('signin-bare.ts')
const bareUrl = `http://127.0.0.1:${(await bare.ask({ host: join(folder, 'db') })).port}`
const hashing = () => evenly(perSecond * roundSeconds, 1_000 / perSecond, () => pool.verify(hash, password))

const desk = screen(hub.url, writer!.cookie, 'the writer')
await desk.connected()
const writing = () =>
  evenly(sendsPerSecond * roundSeconds, 1_000 / sendsPerSecond, async () => {
    const reply = await desk.ask('chat.send', { clientId: randomUUID(), roomId: roomId!, body: 'the tide turns' })
    if (!reply.ok) throw new Error(JSON.stringify(reply.error))
  })

/** What each costs, in milliseconds of a processor, of the process and all it started. */
const cpu = { ours: [] as number[], baseline: [] as number[] }
async function counted(side: 'ours' | 'baseline', pid: number, run: () => Promise<number[]>): Promise<number> {
  const before = cpuSeconds([pid])
  const times = await run()
  cpu[side].push(((cpuSeconds([pid]) - before) * 1_000) / times.length)
  return percentile(times, 0.95)
}

for (const warmUp of [signingIn, hashing, writing, () => signingIn(bareUrl)]) await warmUp()
const least = await alternate(
  3,
  () => counted('baseline', process.pid, hashing),
  async () => percentile(await signingIn(bareUrl), 0.95),
)
const entry = await alternate(
  3,
  () => counted('baseline', process.pid, hashing),
  () => counted('ours', hub.pid, () => signingIn()),
)
const chat = await alternate(
  3,
  async () => percentile(await writing(), 0.99),
  async () => percentile((await Promise.all([writing(), signingIn()]))[0], 0.99),
)

const isReached = report('Signing in', [
  {
    what: `${perSecond} sign-ins a second, 95 of 100 within`,
    unit: 'ms',
    ours: entry.ours,
    baseline: { what: 'the same hashes in the same pool on the same schedule', values: entry.baseline },
    reach: { atMost: 1.3 },
  },
  {
    what: 'of that, http, one look, the hash and one row alone',
    unit: 'ms',
    ours: least.ours,
    baseline: { what: 'the same hashes', values: least.baseline },
  },
  {
    what: 'CPU time of one sign-in, of hub and database',
    unit: 'ms',
    ours: cpu.ours,
    baseline: { what: 'of one hash', values: cpu.baseline },
  },
  {
    what: 'a message meanwhile, 99 of 100 within',
    unit: 'ms',
    ours: chat.ours,
    baseline: { what: 'the same while nobody signs in', values: chat.baseline },
    reach: { atMost: 1.3 },
  },
])
desk.socket.disconnect()
door.destroy()
bare.end()
await pool.close()
await db.destroy()
await hub.kill()
await rm(folder, { recursive: true, force: true })
process.exit(isReached ? 0 : 1)
