import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { isIP } from 'node:net'
import type { Config } from '@atrium/platform'
import type { types } from 'mediasoup'
import { knock } from './stun.ts'
import type { Listening } from './workers.ts'

export interface Addresses {
  listening: Listening[]
  /** What is wrong, a sentence each, with what to set. */
  problems: string[]
}
interface Machine {
  /** Of this machine, without loopback. */
  addresses: readonly string[]
  resolve: (host: string) => Promise<string[]>
}

const loopback = ['127.0.0.1', '::1']
const everything = { 4: '0.0.0.0', 6: '::' } as const
const isLoopbackName = (host: string) => host === 'localhost' || host.endsWith('.localhost') || loopback.includes(host)

/**
 * Where media is received, and what browsers are told. Announced addresses that this machine has are listened on; of others,
 * which are a router's that passes the port on, there can be one of each family. Nothing announced: the addresses on which
 * the pages are served, or the one that the origin's name leads to.
 */
export async function addressesFor(
  { host, origin, media }: Pick<Config, 'host' | 'origin' | 'media'>,
  machine: Machine = thisMachine(),
): Promise<Addresses> {
  if (media.announced.length > 0) return announced(media.announced, machine)
  const name = origin === null ? 'localhost' : new URL(origin).hostname.replace(/^\[|\]$/g, '')
  const isOpen = !isLoopbackName(host)
  if (!isOpen && isLoopbackName(name)) return { listening: [{ ip: '127.0.0.1' }], problems: [] }

  const led = isLoopbackName(name) ? [] : isIP(name) ? [name] : await machine.resolve(name).catch(() => [])
  const ours = led.filter((address) => machine.addresses.includes(address))
  if (ours.length > 0) return { listening: withLoopback(ours), problems: [] }
  if (led.length > 0 && led.every((address) => !loopback.includes(address)))
    return {
      listening: withLoopback(isOpen ? machine.addresses : []),
      problems: [
        `${origin} leads to ${led.join(', ')}, which is not this machine: browsers would look for sound and pictures elsewhere. Set ATRIUM_ANNOUNCED to the address by which they reach this machine.`,
      ],
    }
  if (!isOpen)
    return {
      listening: withLoopback([]),
      problems: [
        `People open ${origin}, but sound and pictures are announced at 127.0.0.1 only, where no browser elsewhere finds them. Set ATRIUM_ANNOUNCED to the address of this machine.`,
      ],
    }
  if (isIP(host) && !Object.values(everything).includes(host as '::')) return { listening: [{ ip: host }], problems: [] }
  if (machine.addresses.length === 0)
    return {
      listening: withLoopback([]),
      problems: [
        `The hub listens on ${host}, but this machine has no address besides loopback. Set ATRIUM_ANNOUNCED to the one by which it is reached.`,
      ],
    }
  return { listening: withLoopback(machine.addresses), problems: [] }
}

function announced(all: readonly string[], machine: Machine): Addresses {
  const isHere = (address: string) => loopback.includes(address) || machine.addresses.includes(address)
  const unusable = all.filter((address) => isIP(address) && ['0.0.0.0', '::'].includes(address))
  const here = all.filter((address) => isHere(address))
  const elsewhere = all.filter((address) => !isHere(address) && !unusable.includes(address))
  const problems = unusable.map(
    (address) => `ATRIUM_ANNOUNCED names ${address}, which is no address that a browser could reach: name the one of this machine.`,
  )
  if (all.length > unusable.length && all.every((address) => loopback.includes(address) || unusable.includes(address)))
    problems.push('ATRIUM_ANNOUNCED names loopback only: browsers on other machines will neither be seen nor heard.')
  const listening = ([4, 6] as const).flatMap((family): Listening[] => {
    const mine = here.filter((address) => isIP(address) === family)
    const [foreign, ...more] = elsewhere.filter((address) => (isIP(address) || 4) === family)
    if (foreign === undefined) return mine.map((ip) => ({ ip }))
    if (more.length > 0)
      problems.push(
        `ATRIUM_ANNOUNCED names ${[foreign, ...more].join(' and ')}, and this machine has none of them: of addresses elsewhere it takes one of each family.`,
      )
    // Where an address of this machine is named too, a router passes the port on to that one, and both are told to browsers.
    const [behind, ...others] = mine.filter((address) => !loopback.includes(address))
    if (behind === undefined) return [{ ip: everything[family], announcedAddress: foreign }]
    return [{ ip: behind, announcedAddress: foreign, exposeInternalIp: true }, ...others.map((ip) => ({ ip }))]
  })
  return { listening: listening.length > 0 ? listening : [{ ip: '127.0.0.1' }], problems }
}

const withLoopback = (addresses: readonly string[]): Listening[] => ['127.0.0.1', ...addresses].map((ip) => ({ ip }))

/** Knocks at each address that browsers are told, as they do. What does not answer from here will hardly answer from elsewhere. */
export async function unheard({
  iceCandidates,
  iceParameters,
}: Pick<types.WebRtcTransport, 'iceCandidates' | 'iceParameters'>): Promise<string[]> {
  const doors = iceCandidates.filter(({ protocol }) => protocol === 'udp')
  const answers = await Promise.all(doors.map(({ address, port }) => knock({ ...iceParameters, address, port })))
  return doors.flatMap(({ address, port }, n) =>
    answers[n]
      ? []
      : [
          `A packet to ${address}, port ${port}, did not come back to this machine. Open that port for UDP and TCP in its firewall; where ${address} is a router’s, let it pass the port on. Some routers answer only from outside: if meetings work from there, all is well.`,
        ],
  )
}

function thisMachine(): Machine {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address)
  return { addresses, resolve: async (host) => (await lookup(host, { all: true })).map(({ address }) => address) }
}
