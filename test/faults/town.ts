import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import type { Reply } from '@atrium/protocol'
import type { Topology } from '../harness/topology.ts'
import { weather, type Weather } from '../harness/weather.ts'
import type { Stored } from './checker.ts'
import { Witness } from './witness.ts'

export interface Citizen {
  name: string
  accountId: string
  cookie: string
}

export interface Town {
  topology: Topology
  people: Citizen[]
  rooms: string[]
  /** The networks between people and the hub: everybody's runs through one of them. */
  networks: Weather[]
  /** Somebody's screen with rooms open on it, every one through the next network. */
  witness(who: Citizen, options?: { network?: Weather; roomIds?: string[]; ackTimeoutMs?: number }): Promise<Witness>
  /** What a fresh look finds, asked past the bad networks. */
  stored(): Promise<Map<string, Stored[]>>
  stop(): Promise<void>
}

/** A hub with people in it, who all sit in all rooms. Made through the front door, as any organisation would be. */
export async function town(
  topology: Topology,
  { people: count, rooms: roomCount, networks: networkCount }: { people: number; rooms: number; networks: number },
): Promise<Town> {
  const admin = await settle(topology.url, 1, 'setup.finish', {
    token: (await topology.setupPath()).split('/').at(-1),
    organisation: 'Lighthouse',
    domain: 'lighthouse.example',
    name: 'Keeper',
    address: 'keeper@lighthouse.example',
    password: 'the lamp is lit at dusk',
  })
  const people: Citizen[] = [{ name: 'Keeper', ...admin }]
  for (let n = 1; n < count; n++) {
    const name = `Citizen ${n}`
    const added = (
      await post(
        topology.url,
        1,
        'directory.person.add',
        { clientId: randomUUID(), name, address: `citizen${n}@lighthouse.example` },
        admin.cookie,
      )
    ).data as { invitation: { path: string } }
    const { accountId, cookie } = await settle(topology.url, n + 1, 'auth.invitation.accept', {
      token: added.invitation.path.split('/').at(-1),
      password: 'fog horn and harbour seal',
    })
    people.push({ name, accountId, cookie })
  }
  const rooms: string[] = []
  for (let n = 0; n < roomCount; n++) {
    const memberIds = people.slice(1).map(({ accountId }) => accountId)
    const entry = (await post(topology.url, 1, 'chat.room.create', { clientId: randomUUID(), name: `Quay ${n}`, memberIds }, admin.cookie))
      .data as { room: { id: string } }
    rooms.push(entry.room.id)
  }
  const networks = await Promise.all(Array.from({ length: networkCount }, () => weather(topology.url)))
  let nextNetwork = 0

  return {
    topology,
    people,
    rooms,
    networks,
    witness(who, { network = networks[nextNetwork++ % networks.length]!, roomIds = rooms, ackTimeoutMs = 3_000 } = {}) {
      return new Witness({ url: network.url, cookie: who.cookie, name: who.name, ackTimeoutMs }).open(roomIds)
    },
    async stored() {
      const reader = new Witness({ url: topology.url, cookie: people[0]!.cookie, name: 'the checker' })
      await reader.open([])
      const found = new Map<string, Stored[]>()
      for (const roomId of rooms) {
        const messages: Stored[] = []
        for (let after = 0, hasMore = true; hasMore; after = messages.at(-1)?.seq ?? 0) {
          const page = (await reader.ask('chat.history', { roomId, after })) as { messages: Stored[]; hasMore: boolean }
          messages.push(...page.messages)
          hasMore = page.hasMore
        }
        found.set(roomId, messages)
      }
      await reader.close()
      return found
    },
    async stop() {
      await Promise.all(networks.map((network) => network.stop()))
      await topology.stop()
    },
  }
}

/** A command that begins a session: whose it is, and the cookie. */
async function settle(url: string, host: number, operation: string, input: object): Promise<{ accountId: string; cookie: string }> {
  const { data, cookie } = await post(url, host, operation, { clientId: randomUUID(), ...input })
  return { accountId: (data as { accountId: string }).accountId, cookie: cookie! }
}

/** One call over HTTP, from loopback address number `host`: a town has many houses, and limits count by house. */
export async function post(
  url: string,
  host: number,
  operation: string,
  input: object,
  cookie?: string,
): Promise<{ data: unknown; cookie: string | undefined }> {
  const { hostname, port, origin } = new URL(url)
  const { promise, resolve, reject } = Promise.withResolvers<{ data: unknown; cookie: string | undefined }>()
  const asked = request(
    {
      hostname,
      port,
      path: `/api/${operation}`,
      method: 'POST',
      localAddress: `127.0.0.${2 + (host % 250)}`,
      headers: { origin, 'content-type': 'application/json', ...(cookie && { cookie }) },
    },
    async (response) => {
      let text = ''
      for await (const part of response.setEncoding('utf8')) text += part
      const reply = JSON.parse(text) as Reply<unknown>
      if (reply.ok) resolve({ data: reply.data, cookie: response.headers['set-cookie']?.[0]?.split(';')[0] })
      else reject(new Error(`${operation}: ${JSON.stringify(reply.error)}`))
    },
  )
  asked.on('error', reject)
  asked.end(JSON.stringify(input))
  return promise
}
