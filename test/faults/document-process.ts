import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '@atrium/infra/servers'
import { lostUpTo, leases, newId, nodeOf, now, openDatabase } from '@atrium/platform'
import { ed25519Tickets } from '@atrium/platform/tickets'
import { until } from '@atrium/platform/testing'
import type { AccountId, FileId, SessionId } from '@atrium/protocol'
import { person } from '../../collab/src/testing/index.ts'
import { hubProcess } from '../harness/hub-process.ts'

/** The document service in a process of its own, and whoever signs tickets for it. */
export async function documentProcess(databaseUrl: string) {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-documents-'))
  const name = 'collab-1'
  const db = openDatabase({ connectionString: databaseUrl, max: 2 })
  const tickets = ed25519Tickets({ db, node: nodeOf('signer'), now, newId })
  const placement = leases(db)
  const process = await hubProcess({
    name,
    port: await freePort(),
    main: 'collab/src/main.ts',
    env: {
      ATRIUM_NODE: name,
      ATRIUM_DATA: folder,
      ATRIUM_HOST: '127.0.0.1',
      ATRIUM_LOG_LEVEL: 'warn',
      DATABASE_URL: databaseUrl,
    },
  })
  const where = {
    url: process.url,
    address: `${process.url.replace('http', 'ws')}/collab/${name}`,
    /** For the run of the node that there is now, as the server does it. */
    async sign(
      fileId: FileId,
      { accountId = newId() as AccountId, mode = 'write' }: { accountId?: AccountId; mode?: 'read' | 'write' } = {},
    ) {
      const lease = await until('the node is found', () => placement.find(`collab:${name}`), 20_000)
      return tickets.sign('document', {
        fileId,
        accountId,
        sessionId: newId() as SessionId,
        node: lease.node,
        mode,
        asOf: await lostUpTo(db),
      })
    },
  }
  return {
    ...where,
    process,
    db,
    person: (fileId: FileId) => person(where, fileId),
    async stop(): Promise<void> {
      await process.kill()
      await db.destroy()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
export type DocumentProcess = Awaited<ReturnType<typeof documentProcess>>
