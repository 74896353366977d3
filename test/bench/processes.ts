import { fork, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { freePort } from '@atrium/infra/servers'
import { openDatabase } from '@atrium/platform'
import { hubProcess, type HubProcess } from '../harness/hub-process.ts'

/** A hub as `npm start` runs it, with a second connection to its database. */
export async function benchHub(): Promise<{ hub: HubProcess; db: Kysely<any>; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-bench-'))
  const hub = await hubProcess({
    name: 'hub',
    port: await freePort(),
    main: 'server/src/main.ts',
    args: ['--data', folder],
    env: { ATRIUM_LOG_LEVEL: 'warn' },
  })
  const db = openDatabase({ host: join(folder, 'db'), user: 'atrium', database: 'postgres', max: 2 })
  return {
    hub,
    db,
    async stop() {
      await db.destroy()
      await hub.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A process of the bench that takes orders and answers each. */
export function helper<Order extends object, Answer extends object>(file: string) {
  const child: ChildProcess = fork(join(import.meta.dirname, file), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  child.on('exit', (code) => {
    if (code) throw new Error(`${file} ended with ${code}`)
  })
  return {
    pid: child.pid!,
    ask: <A extends Answer>(order: Order): Promise<A> =>
      new Promise((resolve) => {
        child.once('message', (answer) => resolve(answer as A))
        child.send(order)
      }),
    /** Whatever it is in the middle of: it keeps nothing, and what it started ends with it. */
    end: () => void child.kill('SIGKILL'),
  }
}
