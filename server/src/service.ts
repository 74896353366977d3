import type { Letter } from '@atrium/platform/mail/index'
import { answerInternal, every, register, type House, type Service } from '@atrium/platform'
import { migrations } from '../migrations/index.ts'
import { hashingPool } from './auth/index.ts'
import { excerptOf } from './chat/index.ts'
import { gateway } from './gateway/index.ts'
import { mediaPassage } from './gateway/media.ts'
import { outbox } from './outbox.ts'
import { presence, type PresenceTables } from './presence/index.ts'
import { mailJob, slices } from './slices.ts'

export { migrations }
const dayMs = 86_400_000
/** What is built on a list follows it within a second. */
const followEveryMs = 300
/** So long after the lease of a media node ended its meetings go on elsewhere. */
const strandedEveryMs = 500

/** The slices, each given what it needs of the others, behind the doors. */
export async function start(house: House): Promise<Service> {
  const { db, bus, mail, jobs, databaseOf, node, placement, version, log } = house
  const hashing = hashingPool()
  const {
    known,
    named,
    follow,
    authority,
    sessions,
    proofs,
    images,
    rooms,
    people,
    cabinet,
    papers,
    talks,
    handlers,
    nudges,
    elsewhere,
    stop: stopSlices,
  } = slices({
    ...house,
    hashing,
    origin: linksTo(house.config),
    source: house.config.source,
    streamTo: house.config.streamTo,
    quotaBytes: house.config.quotaBytes,
  })
  const there = presence({
    ...databaseOf<PresenceTables>(),
    process: house.node.id,
    activeAccounts: known.reachable,
    hidden: known.hidingPresence,
    changed: (accountId) => bus.publish({ topic: `presence:${accountId}`, name: 'presence.changing', payload: {}, seq: null }),
  })

  jobs.register<Letter>(mailJob, (letter) => mail.send(letter))
  images.work(jobs)
  rooms.work(jobs)
  cabinet.work(jobs)
  talks.work(jobs)
  named.work(jobs)
  const stopFollowing = every(followEveryMs, follow, (error) => log.warn({ error }, 'rooms cannot follow their lists'))
  const stopLooking = every(strandedEveryMs, talks.tellStranded, (error) => log.warn({ error }, 'nobody looks whether media nodes live'))
  elsewhere.work(jobs)
  elsewhere.follow()
  const { ldapUrl } = house.config
  if (ldapUrl !== null) jobs.every('providers.setting', 60_000, () => elsewhere.setBy(ldapUrl))
  jobs.every('directory.guests.close', dayMs, people.closeGuests)
  jobs.every('directory.deleted.finish', dayMs, people.finishDeleting)
  sessions.work(jobs)
  jobs.every('sessions.seen', 60_000, sessions.seen)
  jobs.every('sessions.sweep', dayMs, sessions.sweep)
  jobs.every('factors.sweep', dayMs, proofs.sweep)

  const doors = await gateway({
    house,
    handlers: {
      ...handlers,
      ...there.handlers,
      ...mediaPassage({ bus, placement, nodeFor: talks.nodeFor }),
      ...outbox({ db, mail, isAdministrator: known.isAdministrator }),
    },
    nudges,
    authority,
    sessionOf: sessions.sessionOf,
    unfinishedOf: sessions.unfinishedOf,
    tokenOf: proofs.actorOf,
    standing: sessions.standing,
    spansOf: [rooms.spansOf, there.spansOf, cabinet.spansOf, talks.spansOf],
    heed: talks.heed,
    seatsOf: rooms.seatsOf,
    excerptOf,
    presence: there,
    pictures: images,
    exportOf: (actor) =>
      people.exportOf(actor, [...sessions.exports, ...rooms.exportParts, ...images.exports, ...cabinet.exports, ...talks.exports]),
    cabinet,
    papers,
    providers: elsewhere.doors,
  })
  const leave = answerInternal(bus, `server:${node.name}`, {
    'node.describe': async () => ({ node: node.id, service: 'server', version, load: 0 }),
    ...talks.answers,
  })
  const registration = await register(placement, 'server', node, log)
  return {
    ...doors,
    async drain() {
      // First of all: other services find another of us from now on.
      await registration.end()
      await doors.drain()
    },
    async stop() {
      leave()
      stopFollowing()
      stopLooking()
      await registration.end()
      await doors.stop()
      await stopSlices()
      await hashing.close()
    },
  }
}

/** Links in mails lead where people open the hub. Without a configured origin that is this machine. */
const linksTo = ({ origin, tls, port }: House['config']): string =>
  origin ?? `${tls.kind === 'none' ? 'http' : 'https'}://localhost:${port}`
