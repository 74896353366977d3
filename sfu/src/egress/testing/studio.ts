import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { types } from 'mediasoup'
import { answerInternal, configFrom, jsonLog, leases, memoryBus, newId, nodeOf, register } from '@atrium/platform'
import { openBlobs } from '@atrium/platform/house'
import { cloneDatabase } from '@atrium/platform/testing'
import type { AccountId, FileId, Input, Internal, MeetingId, ParticipantId, RoomId, SessionId } from '@atrium/protocol'
import { Room } from '../../room.ts'
import { Workers } from '../../workers.ts'
import { egresses } from '../egresses.ts'
import type { Media } from './media.ts'
import { payloadTypes, sender } from './sender.ts'

type Recorded = Input<Internal, 'meetings.recorded'>
type StreamSaid = Input<Internal, 'meetings.stream.state'>

/** Meetings at a real media worker, whose people are generated; what is recorded comes to us, who stand for the server. */
export async function studio(program: string, cluster: Parameters<typeof cloneDatabase>[0], { trusted = [] }: { trusted?: string[] } = {}) {
  const opened = await cloneDatabase(cluster)
  const logged: string[] = []
  const dataDir = await mkdtemp(join(tmpdir(), 'atrium-studio-'))
  const config = configFrom({ XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'], ATRIUM_PORT: '0', ATRIUM_DATA: dataDir }, [])
  const [bus, placement, log] = [memoryBus(), leases(opened.db), jsonLog('debug', { write: (line) => void logged.push(line) })]
  const blobs = await openBlobs(config)
  const node = nodeOf('sfu-1')
  const recorded: Recorded[] = []
  const streams: StreamSaid[] = []
  const server = nodeOf('server-1')
  const leave = answerInternal(bus, `server:${server.name}`, {
    'meetings.recorded': async (done) => {
      recorded.push(done)
      return { fileId: newId() as FileId }
    },
    'meetings.stream.state': async (said) => (streams.push(said), {}),
  })
  const registration = await register(placement, 'server', server, log)
  const workers = new Workers({ program, max: 2, listening: [{ ip: '127.0.0.1' }], firstPort: 0, log })
  const begin = () =>
    egresses({ most: 2, blobs, bus, config: { ...config, streamTo: ['127.0.0.1', '::1'] }, log, newId, node, placement, trusted })
  let recording = begin()
  const zeroMs = performance.timeOrigin + performance.now() + 100
  const rooms: Room[] = []
  let ssrc = 1_000

  return {
    zeroMs,
    recorded,
    streams,
    logged,
    get recording() {
      return recording
    },
    /** The node's process ends and begins anew, as far as recording knows. */
    begin: () => (recording = begin()),
    async meeting(meetingId = newId() as MeetingId) {
      const room: Room = await Room.open(
        meetingId,
        await workers.take(),
        {
          changing: () => recording.changed(room),
          speaking: (speakers) => recording.speaking(room, speakers),
          counted: () => undefined,
          lost: () => recording.lost(room),
        },
        async (router) => {
          const transport = await router.createPlainTransport({
            listenInfo: { protocol: 'udp', ip: '127.0.0.1' },
            comedia: true,
            rtcpMux: true,
          })
          // Without ICE and DTLS, which a generated sender does not speak; a peer uses nothing of them here.
          return transport as unknown as types.WebRtcTransport
        },
      )
      rooms.push(room)
      const names: Record<string, string> = {}
      const wish = { meetingId, record: null, streams: [], names }
      return {
        room,
        names,
        wish,
        toRecord: (name = 'Garden 2026-11-21 14.05') => ({
          ...wish,
          record: { sittingId: newId(), folderId: newId(), accountId: newId(), name },
        }),
        /** Somebody with camera and microphone. */
        async enter(name: string, media: Media, options: { source?: 'camera' | 'screen'; jitterMs?: number } = {}) {
          const participantId = newId() as ParticipantId
          names[participantId] = name
          const who = { participantId, accountId: newId() as AccountId, sessionId: newId() as SessionId, roomId: newId() as RoomId }
          const peer = await room.enter({ ...who, may: ['audio', 'video', 'screen'], asOf: 0 })
          const ssrcs = { video: ssrc++, audio: ssrc++ }
          const video = newId()
          const { source = 'camera', jitterMs = 0 } = options
          await peer.produce(video, {
            transportId: peer.send.id,
            source,
            rtpParameters: parametersOf('video', ssrcs.video),
            isPaused: false,
          })
          await peer.produce(newId(), {
            ...{ transportId: peer.send.id, source: 'microphone' as const, isPaused: false },
            rtpParameters: parametersOf('audio', ssrcs.audio),
          })
          const { localPort } = (peer.send as unknown as types.PlainTransport).tuple
          return { peer, participantId, video, sending: sender({ port: localPort, media, ssrcs, zeroMs, jitterMs }) }
        },
      }
    },
    /** A recording that came, as a file. */
    async fileOf({ key }: Recorded): Promise<string> {
      const file = join(dataDir, `${key}.mp4`)
      await pipeline(await blobs.get(key), createWriteStream(file))
      return file
    },
    dataDir,
    async close() {
      await recording.drain()
      recording.stop()
      for (const room of rooms) room.close()
      workers.stop()
      leave()
      await registration.end()
      await bus.close()
      await blobs.close()
      await opened.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
export type Studio = Awaited<ReturnType<typeof studio>>

function parametersOf(kind: 'video' | 'audio', ssrc: number) {
  const codec =
    kind === 'video'
      ? {
          mimeType: 'video/VP8',
          payloadType: payloadTypes.video,
          clockRate: 90_000,
          rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
        }
      : { mimeType: 'audio/opus', payloadType: payloadTypes.audio, clockRate: 48_000, channels: 2 }
  return { codecs: [codec], encodings: [{ ssrc }], rtcp: { cname: `${ssrc}` } }
}
