import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { PoolConfig } from 'pg'
import { begin, type House, type ServiceModules } from '@atrium/platform'
import { cloneDatabase } from '@atrium/platform/testing'
import { setupLink } from '../auth/index.ts'
import { person, type Person } from './person.ts'

export type TestHub = Awaited<ReturnType<typeof hub>>
export interface HubOptions {
  /** More settings, such as `REDIS_URL`. */
  env?: Record<string, string>
  /** Services besides the server, in the same process. */
  modules?: ServiceModules
  /** Another process of a hub that runs already. */
  beside?: { clone: Awaited<ReturnType<typeof cloneDatabase>>; people: Person[] }
}

const password = 'a long enough password'

/**
 * A whole hub on a free port and a database of its own, with people in it: alice and bob, carol, a stranger to all of them,
 * and an administrator. They came in as people do: by the set-up link and by invitations. Nobody has a screen open yet.
 */
export async function hub(cluster: PoolConfig, options: HubOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-hub-'))
  const clone = options.beside?.clone ?? (await cloneDatabase(cluster))
  const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(clone.db)
  const env = {
    ATRIUM_PORT: '0',
    ATRIUM_DATA: folder,
    ATRIUM_LOG_LEVEL: process.env['ATRIUM_TEST_LOG_LEVEL'] ?? 'silent',
    ATRIUM_SERVICES: ['server', ...Object.keys(options.modules ?? {})].join(','),
    // A test that is about many addresses says in a header from which it comes.
    ATRIUM_TRUSTED_PROXIES: '127.0.0.1',
    DATABASE_URL: `postgresql://${cluster.user}@localhost/${rows[0]!.name}?host=${encodeURIComponent(cluster.host!)}`,
    ...options.env,
  }
  const running = await begin({ server: () => import('../service.ts'), ...options.modules }, { env, args: [] })
  const people = options.beside ? moved(options.beside.people, running.url) : await founded(running.house, running.url)
  const [administrator, alice, bob, carol, stranger] = people as [Person, Person, Person, Person, Person]

  return {
    ...{ administrator, alice, bob, carol, stranger, people },
    origin: running.url,
    /** What the services were given: to look at, and to inject faults. */
    house: running.house,
    db: clone.db,
    clone,
    /** The same person at another device: signs in by `signIn()`. */
    also: (who: Person): Person => person({ origin: running.url, name: who.name, address: who.address, password: who.password }),
    /** As SIGTERM does. */
    drain: running.stop,
    async close(): Promise<void> {
      for (const one of people) one.leave()
      await running.stop()
      if (!options.beside) await clone.close()
      await rm(folder, { recursive: true })
    },
  }
}

async function founded(house: House, origin: string): Promise<Person[]> {
  const somebody = (name: string) => person({ origin, name, address: `${name.toLowerCase()}@example.org`, password })
  const administrator = somebody('Ada')
  const setup = await setupLink(house)
  if (!setup) throw new Error('The database of this hub is in use already.')
  await administrator.enter('setup.finish', {
    ...{ token: tokenOf(setup.path), organisation: 'Example', domain: 'example.org', name: 'Ada' },
    ...{ address: administrator.address, password },
  })
  const others = ['Alice', 'Bob', 'Carol', 'Stranger'].map(async (name) => {
    const one = somebody(name)
    const { invitation } = await administrator.call('directory.person.add', { name, address: one.address })
    await one.enter('auth.invitation.accept', { token: tokenOf(invitation.path), password })
    return one
  })
  return [administrator, ...(await Promise.all(others))]
}

/** The same people with the same sessions, at another process. */
const moved = (people: Person[], origin: string): Person[] =>
  people.map((one) => person({ origin, name: one.name, address: one.address, password, cookie: one.cookie, accountId: one.accountId }))

const tokenOf = (path: string): string => path.split('/').at(-1)!
