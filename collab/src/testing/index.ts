import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { sql } from 'kysely'
import type { PoolConfig } from 'pg'
import { WebSocket } from 'ws'
import { Doc } from 'yjs'
import { askInternal, begin, jsonLog, lostUpTo, newId } from '@atrium/platform'
import { cloneDatabase, until } from '@atrium/platform/testing'
import type { AccountId, Draft, FileId, Internal, OperationName, SessionId, Ticket } from '@atrium/protocol'
import { startWith, type Options } from '../service.ts'
import { migrations } from '../../migrations/index.ts'

export const aFile = () => newId() as FileId
export const anAccount = () => newId() as AccountId
type TicketClaims = Partial<Pick<Extract<Ticket, { purpose: 'document' }>, 'accountId' | 'sessionId' | 'node' | 'mode' | 'asOf'>>

type Clone = Awaited<ReturnType<typeof cloneDatabase>>

/** A document node on a database of its own. */
export async function documentNode(cluster: PoolConfig, options: Options & { beside?: { clone: Clone }; name?: string } = {}) {
  const clone = options.beside?.clone ?? (await cloneDatabase(cluster))
  const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(clone.db)
  const dataDir = join(tmpdir(), `atrium-collab-${randomUUID()}`)
  const name = options.name ?? 'collab-1'
  const env = {
    ATRIUM_PORT: '0',
    ATRIUM_NODE: name,
    ATRIUM_DATA: dataDir,
    DATABASE_URL: `postgres://${cluster.user}@localhost/${rows[0]!.name}?host=${encodeURIComponent(cluster.host!)}`,
  }
  const module = { migrations, start: (house: Parameters<typeof startWith>[0]) => startWith(house, options) }
  const level = process.env['ATRIUM_TEST_LOG_LEVEL'] ?? 'silent'
  const running = await begin({ collab: async () => module }, { env, args: [], log: jsonLog(level) })
  const { house } = running
  const sign = async (fileId: FileId, claims: TicketClaims = {}) =>
    house.tickets.sign('document', {
      ...{ accountId: anAccount(), sessionId: newId() as SessionId, node: house.node.id, mode: 'write' as const },
      asOf: await lostUpTo(clone.db),
      ...{ ...claims, fileId },
    })

  return {
    house,
    clone,
    url: running.url,
    address: `${running.url.replace('http', 'ws')}/collab/${name}`,
    sign,
    ask: <K extends OperationName<Internal>>(operation: K, input: Draft<Internal, K>) =>
      askInternal(house.bus, `collab:${name}`, operation, input, 20_000),
    figure: async (pattern: RegExp) => Number(pattern.exec((await house.metrics.render()).text)?.[1] ?? 0),
    stop: running.stop,
    async close(): Promise<void> {
      await running.stop()
      if (!options.beside) await clone.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
export type DocumentNode = Awaited<ReturnType<typeof documentNode>>

export interface PersonOptions extends TicketClaims {
  /** Instead of a good ticket each time. */
  token?: () => string | Promise<string>
  document?: Doc
}

/** Somebody with the standard provider, as the browser has it. */
export function person(node: Pick<DocumentNode, 'address' | 'url' | 'sign'>, fileId: FileId, options: PersonOptions = {}) {
  const { token, document = new Doc(), ...claims } = options
  const accountId = options.accountId ?? anAccount()
  const heard: string[] = []
  class Socket extends WebSocket {
    constructor(address: string) {
      super(address, { origin: node.url })
      this.on('error', () => {}) // The provider hears it too, and not when it has given up on it.
    }
  }
  const socket = new HocuspocusProviderWebsocket({
    ...{ url: node.address, WebSocketPolyfill: Socket },
    ...{ delay: 100, minDelay: 50, maxDelay: 1_000, factor: 1.5, jitter: false },
  })
  const provider = new HocuspocusProvider({
    ...{ websocketProvider: socket, name: fileId, document },
    token: async () => (token ? token() : node.sign(fileId, { ...claims, accountId })),
    onAuthenticated: ({ scope }) => heard.push(`authenticated ${scope}`),
    onClose: ({ event }) => heard.push(`closed ${event.code} ${event.reason}`),
  })
  provider.attach()
  return {
    ...{ provider, socket, document, accountId, heard },
    /** What the editor edits. */
    page: document.getXmlFragment('default'),
    text: document.getText('t'),
    isSaved: () => provider.isSynced && !provider.hasUnsyncedChanges,
    saved: () => until('everything is saved', () => provider.isSynced && !provider.hasUnsyncedChanges, 10_000),
    states: () => [...provider.awareness!.getStates().values()],
    leave(): void {
      provider.destroy()
      socket.destroy()
    },
  }
}
export type TestPerson = ReturnType<typeof person>
