import {
  dispatcher,
  every,
  journalOf,
  journalUpTo,
  since,
  sinceLimits,
  type Actor,
  type Authority,
  type Handlers,
  type House,
  type Nudges,
  type Service,
} from '@atrium/platform'
import { revocations, type Revoked } from '@atrium/platform/revocations'
import { contract, type Delta, type Hub, type Payload, type Position, type Since } from '@atrium/protocol'
import { graceMs, renewEveryMs, type PresenceSlice } from '../presence/index.ts'
import type { Papers } from '../documents/index.ts'
import type { Cabinet } from '../files/index.ts'
import type { ProviderDoors } from '../providers/index.ts'
import { end, type Connection } from './connection.ts'
import { documentPassage, doorsOf } from './documents.ts'
import { downloadDoor } from './downloads.ts'
import { exportDoor, type ExportOf } from './export.ts'
import { httpDoor } from './http.ts'
import { passages } from './passages.ts'
import { pictureDoors, type PicturesIn } from './pictures.ts'
import type { TokenOf } from './programs.ts'
import { providerDoors } from './providers.ts'
import type { Standing } from './rechecking.ts'
import { rights } from './session.ts'
import { socketDoor, type Dispatch } from './socket.ts'
import { sourceDoor } from './source.ts'
import { everySpanOf, isLevel, type Spans, type SpansOf } from './spans.ts'
import { topics, type Watched } from './topics.ts'
import { uploadDoor } from './uploads.ts'
import { yWebsocketPassage } from './y-websocket.ts'

export interface GatewayDeps {
  house: House
  /** Every operation but those about the socket itself. */
  handlers: Omit<Handlers<Hub>, 'sync.watch' | 'sync.since'>
  nudges: Omit<Nudges<Hub>, 'presence.touch'>
  authority: Authority
  sessionOf: (secret: string) => Promise<Actor | undefined>
  /** Somebody in the middle of signing in, who may do what finishes it and nothing else. */
  unfinishedOf: (secret: string) => Promise<Actor | undefined>
  /** Whom a program speaks for. */
  tokenOf: TokenOf
  /** Which of these sessions have not ended. */
  standing: Standing
  /** Who else must know of every right that is lost. */
  heed: (revoked: Revoked) => Promise<void>
  /** Of each slice that has topics: what an actor may hear of them. */
  spansOf: SpansOf[]
  /** The rooms in which accounts have a seat, as topics with what they may read: what happens there is told even off screen. */
  seatsOf: (accountIds: readonly string[]) => Promise<Map<string, Spans>>
  excerptOf: (message: Payload<Hub, 'chat.message.sent'>) => string
  presence: PresenceSlice
  pictures: PicturesIn
  exportOf: ExportOf
  cabinet: Pick<Cabinet, 'uploading' | 'downloading'>
  papers: Pick<Papers, 'admit'>
  providers: ProviderDoors
}

const catchUpEveryMs = 5_000
const lookAroundEveryMs = 30_000
const drainWithinMs = 2_000

/** The doors of the hub: sockets, operations over HTTP, bytes in and out. */
export async function gateway(deps: GatewayDeps): Promise<Service> {
  const { house, handlers, nudges, sessionOf, standing, seatsOf, excerptOf, presence, pictures, exportOf, cabinet, papers } = deps
  const { http, log, metrics, bus, db, epoch } = house
  const journal = journalOf(db)
  const spansOf = everySpanOf(deps.spansOf)
  let isDraining = false

  const sockets = socketDoor({
    http,
    log,
    metrics,
    sessionOf,
    standing,
    dispatch: () => dispatch,
    isNudge: (name) => Object.hasOwn(contract, name) && contract[name as keyof Hub].kind === 'nudge',
    entered,
    left,
  })
  const heard = topics({
    io: sockets.io,
    connections: sockets.connections,
    bus,
    db,
    log,
    seatsOf,
    spansOf,
    excerptOf,
    presenceOf: presence.of,
  })
  const cut = (connection: Connection, ending: Parameters<typeof end>[1]) => end(connection, ending, metrics.endings)
  const lost = await revocations({ bus, db, log })
  lost.onRevoked((revoked) => void deps.heed(revoked).catch((error) => log.warn({ error }, 'a lost right could not be followed up')))
  const admitted = rights({
    onRevoked: lost.onRevoked,
    connections: sockets.connections,
    end: cut,
    leaveSeat: heard.leaveSeat,
    reconsider: heard.reconsider,
  })

  async function entered(connection: Connection): Promise<void> {
    // Who looks through somebody's eyes does not make them present.
    if (!connection.actor.through) presence.screens.opened(connection.actor, connection.id)
    await heard.enter(connection)
    admitted.recheck(connection)
  }

  function left(connection: Connection): void {
    heard.leave(connection)
    setTimeout(() => presence.screens.closed(connection.actor, connection.id), graceMs).unref()
  }

  /**
   * What a reader missed who from now on hears what comes after these standings. Of a topic in which it stands where we do,
   * and may hear what comes next, that is nothing.
   */
  async function missedWhileAway(actor: Actor, stood: Since, { standings, spans }: Watched): Promise<Delta[]> {
    const isBehind = ({ topic, seq }: Position) => seq < (standings.get(topic) ?? Infinity) || !isLevel(spans.get(topic), seq)
    const positions = stood.epoch === epoch ? stood.positions.filter(isBehind) : stood.positions
    if (positions.length === 0) return []
    const unknown = positions.flatMap(({ topic }) => (spans.has(topic) ? [] : [topic]))
    const known = unknown.length > 0 ? new Map([...spans, ...(await spansOf(actor, unknown))]) : spans
    return since(db, { ...stood, positions }, known, sinceLimits, journalUpTo(journal, epoch, standings))
  }

  const dispatch: Dispatch = dispatcher(
    contract,
    {
      ...handlers,
      async 'sync.watch'(actor, { topics: asked, since: stood }, call) {
        const connection = sockets.connectionOf(call)
        if (!connection) return { epoch, watching: [], missed: [] }
        const watched = await heard.watch(connection, asked)
        const watching = Array.from(watched.standings, ([topic, seq]) => ({ topic, seq }))
        return { epoch, watching, missed: stood ? await missedWhileAway(actor, stood, watched) : [] }
      },
      'sync.since': async (actor, stood) => {
        const spans = await spansOf(
          actor,
          stood.positions.map(({ topic }) => topic),
        )
        return since(db, stood, spans, sinceLimits, journal)
      },
    },
    {
      ...nudges,
      'presence.touch': (actor, { isActive }, call) => {
        const connection = sockets.connectionOf(call)
        if (connection) presence.screens.touched(actor, connection.id, isActive)
      },
    },
    { ...house, authority: deps.authority },
  )
  const { actorOf, actorWith } = httpDoor({
    ...{ http, dispatch, sessionOf, version: house.version, throttle: house.throttle },
    ...{ unfinishedOf: deps.unfinishedOf, tokenOf: deps.tokenOf },
  })
  pictureDoors(http.app, actorWith('chat:read'), pictures)
  exportDoor(http.app, actorOf, exportOf, house.throttle)
  const underWay = passages({ onRevoked: lost.onRevoked, mayStill: cabinet.downloading.mayStill, log })
  uploadDoor(http.app, { actorOf: actorWith('files:write'), uploading: cabinet.uploading, passages: underWay, log })
  downloadDoor(http.app, { actorOf: actorWith('files:read'), openTicket: cabinet.downloading.openTicket, passages: underWay })
  const closePassage = documentPassage({ http, bus })
  const closeYWebsocket = yWebsocketPassage({ http, actorOf: actorWith('documents:write'), admit: papers.admit, doorOf: doorsOf(bus) })
  providerDoors(http, actorOf, deps.providers, house.throttle)
  sourceDoor(http.app, { throttle: house.throttle, sourceOf: http.sourceOf })

  const round = (ms: number, trouble: string, run: () => Promise<unknown>) => every(ms, run, (error) => log.warn({ error }, trouble))
  const rounds = [
    round(catchUpEveryMs, 'the look for lost facts failed', async () => metrics.journalLag.set(await heard.catchUp())),
    round(1_000, 'presence could not be told', presence.screens.tell),
    round(renewEveryMs, 'presence could not be renewed', presence.screens.renew),
    round(lookAroundEveryMs, 'presence could not be looked at', async () => heard.lookAround()),
  ]

  return {
    isReady: () => !isDraining,
    async drain() {
      isDraining = true
      await sockets.drain(drainWithinMs)
      await presence.screens.leave().catch((error) => log.warn({ error }, 'presence was left to expire'))
    },
    async stop() {
      for (const stop of rounds) stop()
      admitted.stop()
      lost.stop()
      heard.stop()
      closePassage()
      closeYWebsocket()
      underWay.stop()
      await sockets.close()
    },
  }
}
