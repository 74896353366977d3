import { isIP } from 'node:net'
import type { Socket } from 'node:net'
import type { Client, Control, Filter, SearchOptions } from 'ldapts'
import type { Outgoing } from '@atrium/platform'
import { secured, trusting } from '@atrium/platform/outgoing'
import type { ProviderSettings } from '@atrium/protocol'
import { exchange } from './exchange.ts'
import { library } from './library.ts'
import { presets, type Words } from './presets.ts'
import { withAllValues, type Raw } from './ranges.ts'
import { ldapTrouble, Trouble } from './trouble.ts'

export type LdapSettings = Extract<ProviderSettings, { kind: 'ldap' }>

/** One entry: attribute names are compared without regard to case, values are texts, or bytes where bytes were asked for. */
export interface Entry {
  dn: string
  all(attribute: string): string[]
  one(attribute: string): string | undefined
  bytes(attribute: string): Buffer | undefined
}

/** A connection to an LDAP server, as its configured account or as nobody yet. After any trouble it is closed: make another. */
export interface Ldap {
  words: Words
  /** Pages of entries, complete or not at all: whatever cuts an answer short is thrown. Referrals are not followed. */
  pages(base: string, filter: string | Filter, attributes: readonly string[], controls?: readonly Control[]): AsyncGenerator<Entry[]>
  /** The few that are there; `scope` base reads one entry. */
  find(base: string, filter: string | Filter, attributes: readonly string[], scope?: 'base' | 'sub'): Promise<Entry[]>
  /** What the library cannot read: one message, and all that comes back. */
  exchange(message: Buffer, isLast: (message: Buffer) => boolean): Promise<void>
  client: Client
  close(): void
}

export interface Reach {
  outgoing: Pick<Outgoing, 'connection'>
  /** May it lie inside the network? */
  mayGoInside: boolean
  /** Of each answer, and of the way there. */
  timeoutMs: number
}

const pageSize = 1_000
/** Everything but what names machines and link-local addresses, which `outgoing` never reaches. */
const anywhere = ['0.0.0.0/0', '::/0']

/** Connects, protected as the settings say. Nobody is bound yet. */
export async function connect(settings: LdapSettings, reach: Reach): Promise<Ldap> {
  const { Client: LdapClient } = await library()
  const url = new URL(settings.url)
  const isSecure = url.protocol === 'ldaps:'
  const port = url.port === '' ? (isSecure ? 636 : 389) : Number(url.port)
  const trusted = settings.authority === null ? [] : [settings.authority]
  const host = url.hostname.replace(/^\[|\]$/g, '')

  const where = `ldap://${url.hostname}`
  const way = reach.outgoing.connection(where, { port, isSecure, trusted }, reach.mayGoInside ? anywhere : [])
  const socket = await inTime(way, reach.timeoutMs, () => void way.then((late) => late.destroy()).catch(() => {}))
  // Whoever asks once more after the end is told so: of a connection that is over the library would wait for ever to hear.
  const given = () => {
    if (socket.destroyed) throw new Trouble('refused')
    return socket as never
  }
  let open: Socket = socket
  const upgraded = (options: Parameters<typeof secured>[0]) => (open = secured(options)) as never
  const client = new LdapClient({
    url: settings.url,
    timeout: reach.timeoutMs,
    ...(isSecure ? { createSecureConnection: given } : { createConnection: given, createSecureConnection: upgraded as never }),
  })
  const ldap = over(
    client,
    presets[settings.preset],
    (message, isLast) => exchange(open, message, reach.timeoutMs, isLast),
    () =>
      void client
        .unbind()
        .catch(() => {})
        .finally(() => socket.destroy()),
  )
  if (isSecure || !settings.startTls) return ldap
  const names = isIP(host) === 0 ? { host, servername: host } : { host }
  await inTime(client.startTLS({ ...names, secureContext: trusting(trusted) }), reach.timeoutMs, () => socket.destroy())
  return ldap
}

function over(client: Client, words: Words, exchange: Ldap['exchange'], close: () => void): Ldap {
  const options = (filter: string | Filter, attributes: readonly string[]): SearchOptions => ({
    filter,
    attributes: [...attributes],
    derefAliases: 'never',
    explicitBufferAttributes: words.isBinaryId ? [words.id] : [],
  })
  async function entriesOf(found: readonly Raw[]): Promise<Entry[]> {
    const entries: Entry[] = []
    for (const raw of found) entries.push(entryOf(await withAllValues(raw, more)))
    return entries
  }
  const more = async (dn: string, attribute: string): Promise<Raw | undefined> =>
    (await client.search(dn, { ...options('(objectClass=*)', [attribute]), scope: 'base' })).searchEntries[0]
  return {
    client,
    words,
    exchange,
    close,
    async *pages(base, filter, attributes, controls = []) {
      const asked = { ...options(filter, attributes), scope: 'sub' as const, paged: { pageSize } }
      for await (const { searchEntries } of client.searchPaginated(base, asked, [...controls])) yield await entriesOf(searchEntries)
    },
    async find(base, filter, attributes, scope = 'sub') {
      const { searchEntries } = await client.search(base, { ...options(filter, attributes), scope })
      return entriesOf(searchEntries)
    },
  }
}

/** As the configured account: what there is to see. */
export async function connected(settings: LdapSettings, password: string | null, reach: Reach): Promise<Ldap> {
  const ldap = await connect(settings, reach).catch((error: unknown) => {
    throw ldapTrouble(error, 'reach')
  })
  try {
    if (settings.bindDn !== '') await ldap.client.bind(settings.bindDn, password ?? '')
    return ldap
  } catch (error) {
    ldap.close()
    throw ldapTrouble(error, 'bind')
  }
}

function entryOf(raw: Raw): Entry {
  const values = new Map(Object.entries(raw).map(([name, value]) => [name.toLowerCase(), [value].flat() as (string | Buffer)[]]))
  const all = (attribute: string) => (values.get(attribute.toLowerCase()) ?? []).map(String).filter((value) => value !== '')
  return {
    dn: raw.dn,
    all,
    one: (attribute) => all(attribute)[0],
    bytes: (attribute) => (values.get(attribute.toLowerCase()) ?? []).find(Buffer.isBuffer),
  }
}

export async function inTime<T>(asking: Promise<T>, timeoutMs: number, giveUp: () => void): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Trouble('late')), timeoutMs)
  try {
    return await Promise.race([asking, late])
  } catch (error) {
    giveUp()
    asking.catch(() => {})
    throw error
  } finally {
    clearTimeout(timer)
  }
}
