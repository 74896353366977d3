import { existsSync } from 'node:fs'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, inject } from 'vitest'
import { ed25519Tickets } from '@atrium/platform/tickets'
import {
  configFrom,
  jsonLog,
  leases,
  lostUpTo,
  memoryBus,
  newId,
  nodeOf,
  now,
  register,
  workshop,
  type Event,
  type House,
} from '@atrium/platform'
import { metrics } from '@atrium/platform/metrics'
import { answerInternal } from '@atrium/platform'
import { cloneDatabase, until } from '@atrium/platform/testing'
import type {
  AccountId,
  Draft,
  Internal,
  MeetingId,
  OperationName,
  Output,
  ParticipantId,
  RoomId,
  SessionId,
  Ticket,
} from '@atrium/protocol'
import { installedAt } from '../egress/install.ts'
import { placeOf } from '../program.ts'
import type { Patience } from '../rooms.ts'
import { start } from '../service.ts'

const environment = { XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] }

/** Where what recording needs lies on this machine, if it was brought. */
export const usualRecording = () => installedAt(configFrom(environment, []).cacheDir)

/** Where this machine's media worker lies, if it was brought. */
export const usualProgram = () => placeOf(configFrom(environment, []).cacheDir).file

/** A media node with a real worker, on a bus where we stand for gateway and server. */
export async function mediaNode(options: { patience?: Partial<Patience>; env?: Record<string, string> } = {}) {
  const opened = await cloneDatabase(inject('cluster'))
  const { db } = opened
  const bus = memoryBus()
  const node = nodeOf('sfu-1')
  const placement = leases(db)
  const log = jsonLog('silent')
  const counted = metrics()
  const config = configFrom({ ...environment, ATRIUM_PORT: '0', ...options.env }, [])
  const house = {
    bus,
    db,
    config,
    placement,
    node,
    log,
    now,
    newId,
    version: '1.2.3',
    metrics: counted,
    tickets: ed25519Tickets({ db, node, now, newId }),
  }
  const server = nodeOf('server-1')
  const signer = ed25519Tickets({ db, node: server, now, newId })
  /** What the node told the servers. */
  const told: { operation: string; participantId: string; why?: string }[] = []
  const leave = answerInternal(bus, `server:${server.name}`, {
    'meetings.peer.joined': async ({ participantId }) => (told.push({ operation: 'joined', participantId }), {}),
    'meetings.peer.gone': async ({ participantId, why }) => (told.push({ operation: 'gone', participantId, why }), {}),
  })
  const registration = await register(placement, 'server', server, log)
  const service = await start(house as unknown as House, { patience: { tickMs: 50, ...options.patience } })
  service.serving?.()
  const { work } = workshop(db, bus)<object>()
  const ask = <K extends OperationName<Internal>>(operation: K, input: Draft<Internal, K>) =>
    bus.call(`sfu:${node.name}`, operation, input) as Promise<Output<Internal, K>>
  await until('the media worker runs', async () => (await ask('media.readiness', {})).media.state === 'ready')

  const asked = () => ({ accountId: newId() as AccountId, sessionId: newId() as SessionId })
  type Claims = Omit<Extract<Ticket, { purpose: 'media' }>, 'purpose' | 'id' | 'issuedAt' | 'expiresAt'>
  const sign = async (claims: Partial<Claims> & { meetingId: MeetingId }) =>
    signer.sign('media', {
      ...asked(),
      roomId: newId() as RoomId,
      participantId: newId() as ParticipantId,
      node: node.id,
      may: ['audio', 'video', 'screen'],
      asOf: await lostUpTo(db),
      ...claims,
    })

  return {
    bus,
    db,
    node,
    ask,
    sign,
    told,
    placement,
    service,
    metrics: counted,
    /** Somebody with a page, in a meeting. */
    async enter(meetingId: MeetingId, who: Partial<Claims> = {}) {
      const claims = { ...asked(), roomId: newId() as RoomId, participantId: newId() as ParticipantId, ...who }
      const by = { accountId: claims.accountId, sessionId: claims.sessionId }
      const ticket = await sign({ ...claims, meetingId })
      const joined = await ask('media.join', { ...by, input: { clientId: newId(), meetingId, ticket, rtpCapabilities } })
      const { node: nodeName, peer } = joined
      /** Asks as this page. */
      const call = <K extends OperationName<Internal>>(operation: K, input: object = {}) =>
        ask(operation, { ...by, input: { node: nodeName, peer, clientId: newId(), ...input } } as never)
      const look = () => ask('media.look', { ...by, input: { node: nodeName, peer } })
      return {
        ...claims,
        /** To enter again as the same. */
        who: claims,
        joined,
        by,
        call,
        look,
        produce: (source: Parameters<typeof sending>[0], more: object = {}) =>
          call('media.produce', { transportId: joined.send.id, source, rtpParameters: sending(source), ...more }),
      }
    },
    /** As SIGSEGV would: the worker on whose port this page was to send. */
    async killWorkerOf(page: { joined: Output<Internal, 'media.join'> }) {
      const { port } = page.joined.send.iceCandidates.find(({ protocol }) => protocol === 'udp') as { port: number }
      process.kill(await workerAt(port), 'SIGKILL')
    },
    async revoke(revoked: object) {
      await work(async (_tx, announce) => announce('revocations:all', 'directory.right.revoked', revoked as never))
    },
    /** Hears a meeting's signals from now on. */
    hear(meetingId: MeetingId) {
      const heard: Event[] = []
      bus.subscribe(`meeting:${meetingId}`, (event) => heard.push(event))
      return heard
    },
    async close() {
      await service.drain()
      await service.stop()
      leave()
      await registration.end()
      await bus.close()
      await opened.close()
    },
  }
}

/**
 * One for all tests of a file. Where there is no media worker, they are named as not run: `npm run atrium -- worker` brings it,
 * and `npm test` does so itself.
 */
export function withMediaNode(options: Parameters<typeof mediaNode>[0], begin: (node: MediaNode) => unknown): void {
  const isThere = existsSync(usualProgram())
  let node: MediaNode | undefined
  beforeEach(({ skip }) => skip(!isThere, 'needs the media worker'))
  beforeAll(async () => {
    if (isThere) await begin((node = await mediaNode(options)))
  })
  afterAll(() => node?.close())
}
export type MediaNode = Awaited<ReturnType<typeof mediaNode>>

/** As Chromium says it. */
export const rtpCapabilities = {
  codecs: [
    { kind: 'audio' as const, mimeType: 'audio/opus', preferredPayloadType: 100, clockRate: 48_000, channels: 2 },
    {
      kind: 'video' as const,
      mimeType: 'video/VP8',
      preferredPayloadType: 101,
      clockRate: 90_000,
      rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'goog-remb' }, { type: 'transport-cc' }],
    },
    { kind: 'video' as const, mimeType: 'video/rtx', preferredPayloadType: 102, clockRate: 90_000, parameters: { apt: 101 } },
  ],
  headerExtensions: [
    { kind: 'audio' as const, uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', preferredId: 1 },
    { kind: 'video' as const, uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', preferredId: 1 },
  ],
}

let ssrc = 1_000
/** What a browser would send of a source; a camera in three sizes. */
export function sending(source: 'microphone' | 'camera' | 'screen' | 'screen_sound') {
  const rtcp = { cname: 'tests' }
  if (source === 'microphone' || source === 'screen_sound')
    return {
      mid: `${ssrc++}`,
      codecs: [{ mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2, parameters: { useinbandfec: 1, usedtx: 1 } }],
      encodings: [{ ssrc: ssrc++ }],
      rtcp,
    }
  const codecs = [
    { mimeType: 'video/VP8', payloadType: 96, clockRate: 90_000, rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }] },
    { mimeType: 'video/rtx', payloadType: 97, clockRate: 90_000, parameters: { apt: 96 } },
  ]
  const sizes = source === 'camera' ? 3 : 1
  const encodings = Array.from({ length: sizes }, () => ({ ssrc: ssrc++, rtx: { ssrc: ssrc++ }, scalabilityMode: 'L1T3' }))
  return { mid: `${ssrc++}`, codecs, encodings, rtcp }
}

const pairs = (byte: string) => Array.from({ length: 32 }, () => byte).join(':')
export const dtlsParameters = { role: 'client' as const, fingerprints: [{ algorithm: 'sha-256' as const, value: pairs('AB') }] }
export const otherDtlsParameters = { role: 'client' as const, fingerprints: [{ algorithm: 'sha-256' as const, value: pairs('CD') }] }

/** The media worker that listens there, on loopback: one that this very process started. */
async function workerAt(port: number): Promise<number> {
  const table = await readFile('/proc/net/udp', 'utf8')
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const inode = table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find((fields) => fields[1] === local)?.[9]
  const children = (await readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')).trim().split(' ')
  for (const pid of children)
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => []))
      if ((await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')) === `socket:[${inode}]`) return Number(pid)
  throw new Error(`No worker of ours listens on port ${port}.`)
}
