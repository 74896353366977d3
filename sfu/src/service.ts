import { answerInternal, fail, register, revocations, type House, type Service } from '@atrium/platform'
import type { MediaReadiness } from '@atrium/protocol'
import { addressesFor } from './addresses.ts'
import { egresses } from './egress/egresses.ts'
import { mediaProgram } from './program.ts'
import type { Peer } from './peer.ts'
import type { Patience, Rooms } from './rooms.ts'

export interface Options {
  patience?: Partial<Patience>
}

type Asked<I> = { accountId: string; sessionId: string; input: I }

/** Meetings: found by its lease, asked over the bus, entered with a ticket. It begins without the program that carries media, and opens when that is there. */
export async function start(house: House, { patience = {} }: Options = {}): Promise<Service> {
  const { bus, config, db, placement, node, version, log } = house
  const program = mediaProgram(house)
  const addresses = await addressesFor(config)
  const problems = [...addresses.problems]
  for (const problem of problems) log.warn({ operation: 'media.addresses' }, problem)
  const recording = egresses(house)
  let isDraining = false
  let rooms: Rooms | undefined

  const { promise: serving, resolve: isServing } = Promise.withResolvers<void>()
  const opening = Promise.all([program.file, serving]).then(async ([file]) => {
    if (isDraining) return
    // Not before: what it loads costs 30 MB, and the first page its time.
    const opened = (await import('./rooms.ts')).rooms({
      ...house,
      program: file,
      listening: addresses.listening,
      egresses: recording,
      patience,
    })
    await opened.warm()
    rooms = opened
    const found = await opened.unheard()
    problems.push(...found)
    for (const problem of found) log.warn({ operation: 'media.addresses' }, problem)
  })
  opening.catch((error: unknown) => {
    if (isDraining) return
    log.error({ operation: 'media', error }, 'No media worker can be started: there are no meetings.')
    problems.push(`No media worker can be started: ${(error as Error).message}`)
  })

  const here = (): Rooms => {
    if (rooms) return rooms
    const { state } = program.state()
    throw fail(
      'unavailable',
      state === 'preparing' ? 'meetings.preparing' : state === 'missing' ? 'meetings.mediaMissing' : 'meetings.mediaAway',
    )
  }
  const readiness = (): MediaReadiness => (rooms ? { state: 'ready' } : program.state())
  /** A step of a page that has joined, after those it asked for before. */
  const step = <I extends { peer: string }, T>(asked: Asked<I>, run: (peer: Peer, input: I) => Promise<T> | T): Promise<T> => {
    const { peer } = here().peerOf(asked)
    return peer.inTurn(async () => run(peer, asked.input))
  }
  const done = {}

  const leave = answerInternal(bus, `sfu:${node.name}`, {
    'node.describe': async () => ({ node: node.id, service: 'sfu', version, load: rooms?.load() ?? 0 }),
    'media.readiness': async () => ({
      media: readiness(),
      recording: recording.state(),
      problems: [...problems, ...recording.problem()],
    }),
    'media.recording.prepare': async () => (recording.prepare(), done),
    'media.egress': async (wish) => (recording.want(wish, rooms?.roomAt(wish.meetingId)), done),
    'media.join': async (asked) => here().join(asked),
    'media.capable': (asked) => step(asked, (peer, { rtpCapabilities }) => (peer.receiving.capable(rtpCapabilities), done)),
    'media.connect': (asked) =>
      step(asked, async (peer, { transportId, dtlsParameters }) => (await peer.connect(transportId, dtlsParameters), done)),
    'media.restart': (asked) => step(asked, async (peer, { transportId }) => ({ iceParameters: { ...(await peer.restart(transportId)) } })),
    'media.produce': (asked) =>
      step(asked, async (peer, input) => {
        await peer.produce(input.clientId, input)
        return { producerId: input.clientId }
      }),
    'media.pause': (asked) => step(asked, async (peer, { producerId, isPaused }) => (await peer.pause(producerId, isPaused), done)),
    'media.close': (asked) => step(asked, (peer, { producerId }) => (peer.closeProducer(producerId), done)),
    'media.consume': (asked) => step(asked, async (peer, { producerIds }) => ({ consumers: await peer.receiving.consume(producerIds) })),
    'media.wants': (asked) => step(asked, async (peer, { consumers }) => (await peer.receiving.wants(consumers), done)),
    'media.release': (asked) => step(asked, (peer, { consumerIds }) => (peer.receiving.release(consumerIds), done)),
    'media.look': async (asked) => here().peerOf(asked).room.state,
    'media.quality': async (asked) => here().peerOf(asked).peer.quality(),
    'media.expel': async ({ meetingId, participantIds }) => (rooms?.expel(meetingId, participantIds), done),
    'media.mute': async ({ meetingId, participantIds }) => (await rooms?.mute(meetingId, participantIds), done),
    'media.end': async ({ meetingId }) => (rooms?.end(meetingId), done),
    'media.state': async ({ meetingId }) => rooms?.stateOf(meetingId) ?? null,
  })
  const rights = await revocations({ db, bus, log })
  rights.onRevoked((revoked, seq) => rooms?.revoked(revoked, seq))
  const registration = await register(placement, 'sfu', node, log)

  return {
    serving: isServing,
    isReady: () => !isDraining,
    async drain() {
      isDraining = true
      // First of all: whoever looks for a node from now on finds another.
      await registration.end()
      await rooms?.drain()
      await recording.drain()
    },
    async stop() {
      leave()
      rights.stop()
      program.stop()
      if (!isDraining) await registration.end()
      isDraining = true
      isServing()
      await opening.catch(() => undefined)
      recording.stop()
      rooms?.stop()
    },
  }
}
