import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { PoolConfig } from 'pg'
import { contract, type DomainId, type Draft, type Hub, type OperationName, type Reply, type Terms } from '@atrium/protocol'
import { fromBase32, hotp, stepAt } from '../../server/src/factors/index.ts'
import { hub } from '../../server/src/testing/hub.ts'
import { screen } from '../../server/src/testing/person.ts'
import { png } from './png.ts'
import type { Objects } from './shapes.ts'
import { tablesOf } from './traces.ts'

export type World = Awaited<ReturnType<typeof world>>

/** A hub with something of somebody's own of every brand, and something of a stranger's that they may not know of. */
export async function world(cluster: PoolConfig) {
  const there = await hub(cluster)
  // Who administers the hub is refused least for what they are, and so most for what is not theirs.
  const { administrator: me, stranger } = there

  /** An authenticator, a browser that is trusted with it, and a token. */
  const keysOf = async (who: typeof me): Promise<Objects> => {
    const { secret } = await who.call('factors.totp.begin', {})
    const code = (away: number) => hotp(fromBase32(secret), stepAt(new Date()) + away)
    await who.call('factors.totp.finish', { code: code(0) })
    const other = there.also(who)
    await other.call('auth.signIn', { address: who.address, password: who.password })
    await other.call('auth.totp', { code: code(1), trustsDevice: true })
    const { totp, devices } = await who.call('factors.list', {})
    const { token } = await who.call('tokens.create', { kind: 'script', name: 'A program of their own', scopes: ['chat:read'] })
    return { factor: totp!.id, device: devices[0]!.id, token: token.id }
  }
  const objectsOf = async (who: typeof me): Promise<Objects> => {
    const { room } = await who.call('chat.room.create', { name: 'A room of their own', memberIds: [] })
    const message = await who.call('chat.send', { roomId: room.id, body: 'For myself' })
    const { id: picture, path } = await who.call('pictures.begin', { type: 'image/png', bytes: png.length })
    await who.http(path, { method: 'PUT', body: png, headers: { 'content-type': 'image/png' } })
    const { own: files } = await who.call('files.spaces', {})
    const file = await who.call('files.folder.create', { folderId: files.id, name: 'A folder of their own' })
    const [session] = await who.call('auth.sessions', {})
    const meeting = await who.call('meetings.start', { roomId: room.id })
    const participant = await who.call('meetings.knock', { meetingId: meeting.id })
    const place = { name: 'The town channel', url: 'rtmp://93.184.215.14/live', key: 'sk-0123456789' }
    const target = await who.call('meetings.target.add', { meetingId: meeting.id, ...place })
    // Who has no page open falls out of a meeting.
    await who.connect()
    return {
      ...{ account: who.accountId, room: room.id, message: message.id, picture, session: session!.id },
      ...{ meeting: meeting.id, participant: participant.id, target: target.id, file: file.id },
      ...(await keysOf(who)),
    }
  }
  const { rows: places } = await sql<{ domain: string; cos: string }>`select id as domain, default_cos_id as cos from domain`.execute(
    there.db,
  )
  const home = places[0]!.domain as DomainId
  const list = await me.call('lists.create', { domainId: home, userName: 'a-list', name: 'A list', ownerIds: [me.accountId] })
  const resource = await me.call('resources.create', { domainId: home, userName: 'a-room', name: 'A room' })
  const over = { kind: 'domain', id: home } as const
  const to = { kind: 'account', id: stranger.accountId } as const
  const grant = await me.call('grants.give', { grantee: to, target: over, rights: ['domain.look'] })
  const away = {
    kind: 'oidc',
    label: 'An identity provider',
    issuer: 'https://id.example.org',
    clientId: 'atrium',
    mapping: { address: 'email' },
  } as const
  const provider = await me.call('providers.set', { domainId: home, isOn: false, settings: away })
  const things = { list: list.id, resource: resource.id, grant: grant.id, provider: provider.id }
  const own: Objects = { ...(await objectsOf(me)), ...places[0]!, ...things }
  // Everybody in an organisation may know of everybody else, so a foreign account is one that nobody has; so is whatever one who administers all may touch.
  const nobodys = ['account', 'domain', 'cos', 'list', 'resource', 'grant', 'provider'].map((brand) => [brand, randomUUID()])
  const foreign: Objects = { ...(await objectsOf(stranger)), ...Object.fromEntries(nobodys) }

  /** Each call comes from another address: this is about what is answered, not how often one may ask. */
  const post = async (name: string, input: unknown, cookie: string): Promise<Reply<unknown>> => {
    const response = await fetch(`${there.origin}/api/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: there.origin, cookie, 'x-forwarded-for': anAddress() },
      body: JSON.stringify(input),
    })
    return (await response.json()) as Reply<unknown>
  }

  /** A socket has its pace, whatever address it comes from: whoever is told to wait does. */
  async function overSocket(name: OperationName<Hub>, input: unknown): Promise<Reply<unknown>> {
    for (;;) {
      const reply = await me.screen.ask(name, input as Draft<Hub, typeof name>)
      if (reply.ok || reply.error.code !== 'rate_limited') return reply
      await sleep(reply.error.retryAfterMs)
    }
  }

  let confirmedAt = performance.now()
  /** The password is shown again before it is too long ago: this is about what is answered to who may. */
  async function confirmAgain(): Promise<void> {
    if (performance.now() - confirmedAt < 300_000) return
    confirmedAt = performance.now()
    await me.call('auth.confirm', { password: me.password })
  }

  return {
    ...there,
    own,
    foreign,
    confirmAgain,
    /** As somebody signed in, through the door the operation has. */
    ask: (name: OperationName<Hub>, input: unknown): Promise<Reply<unknown>> =>
      isSocketOnly(name) ? overSocket(name, input) : post(name, input, me.cookie),
    /** The tables that hold a text, in whatever column. */
    async rowsWith(text: string): Promise<string[]> {
      const looks = (await tablesOf(there.db)).map(
        (name) => sql`select ${name} as name from ${sql.table(name)} as t where strpos(t::text, ${text}) > 0`,
      )
      const { rows } = await sql<{ name: string }>`${sql.join(looks, sql` union `)}`.execute(there.db)
      return rows.map(({ name }) => name)
    },
    async connectAsNobody(): Promise<Reply<unknown>> {
      const door = screen(there.origin, '', 'nobody')
      const refusal = await door.refused()
      door.socket.disconnect()
      if (!('error' in refusal)) throw refusal
      return { ok: false, error: refusal.error }
    },
    askAsNobody: (name: string, input: unknown) => post(name, input, ''),
  }
}

export const isSocketOnly = (name: OperationName<Hub>): boolean => (contract[name].terms as Terms).door === 'socket'

const anAddress = () => `fd00:${aQuarter()}:${aQuarter()}::1`
const aQuarter = () => Math.floor(Math.random() * 65_536).toString(16)
