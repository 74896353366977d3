import { outboxMails } from '@atrium/platform/mail/outbox'
import type { Letter } from '@atrium/platform/mail/index'
import { fail, within, type House, type Service } from '@atrium/platform'
import { migrations } from '../migrations/index.ts'
import about from '../package.json' with { type: 'json' }
import { auth, hashingPool, type AuthTables } from './auth/index.ts'
import { chat, excerptOf, type ChatTables } from './chat/index.ts'
import { accounts, directory, type DirectoryTables } from './directory/index.ts'
import { gateway } from './gateway/index.ts'
import { pictures, type PictureTables } from './pictures/index.ts'
import { presence, type PresenceTables } from './presence/index.ts'
import { forget, index, search, type SearchTables } from './search/index.ts'

export { migrations }
const dayMs = 86_400_000

/** The slices, each given what it needs of the others, behind the doors. */
export async function start(house: House): Promise<Service> {
  const { config, db, bus, mail, jobs, epoch, databaseOf, now, newId } = house
  const hashing = hashingPool()

  const known = accounts(databaseOf<DirectoryTables>())
  const sessions = auth({
    ...house,
    ...databaseOf<AuthTables>(),
    accounts: known,
    hashing,
    about: { version: house.version, source: about.repository },
    origin: linksTo(config),
    post: (tx, letter) => jobs.enqueue(tx, 'mail.send', letter),
  })
  const images = pictures({ ...house, ...databaseOf<PictureTables>(), maySee: (...asked) => rooms.maySee(...asked) })
  const rooms = chat({
    ...databaseOf<ChatTables>(),
    ...{ epoch, bus, now, newId, index, forget },
    peopleOf: known.peopleOf,
    activeAccounts: known.activeAccounts,
    attach: images.attach,
    release: images.release,
  })
  const people = directory({
    ...databaseOf<DirectoryTables>(),
    ...{ now, newId },
    invite: sessions.invite,
    isPassword: sessions.isPassword,
    endSessions: sessions.endSessions,
    forgetSecrets: sessions.forgetSecrets,
    setProfilePicture: images.setProfile,
    forgetAuthor: (tx, ...rest) => rooms.forgetAuthor(within(tx), ...rest),
    closeSeats: (tx, ...rest) => rooms.closeSeats(within(tx), ...rest),
  })
  const found = search({
    ...databaseOf<SearchTables>(),
    readableBy: rooms.readableBy,
    hitsAmong: rooms.hitsAmong,
    peopleOf: known.peopleOf,
  })
  const there = presence({
    ...databaseOf<PresenceTables>(),
    process: house.node.id,
    activeAccounts: known.activeAccounts,
    changed: (accountId) => bus.publish({ topic: `presence:${accountId}`, name: 'presence.changing', payload: {}, seq: null }),
  })

  jobs.register<Letter>('mail.send', (letter) => mail.send(letter))
  images.work(jobs)
  jobs.every('sessions.sweep', dayMs, sessions.sweep)

  const doors = await gateway({
    house,
    handlers: {
      ...people.handlers,
      ...sessions.handlers,
      ...images.handlers,
      ...rooms.handlers,
      ...there.handlers,
      ...found.handlers,
      async 'mail.outbox'(actor, { before }) {
        if (!(await known.isAdministrator(actor))) throw fail('forbidden', 'directory.onlyAdministrators')
        const isKept = mail.kind === 'outbox'
        return { mails: isKept ? await outboxMails(db, before === undefined ? {} : { before: new Date(before) }) : [], isKept }
      },
    },
    nudges: rooms.nudges,
    sessionOf: sessions.sessionOf,
    spansOf: [rooms.spansOf, there.spansOf],
    seatsOf: rooms.seatsOf,
    excerptOf,
    presence: there,
    files: { ...images, exportOf: (actor) => people.exportOf(actor, [...sessions.exports, ...rooms.exportParts, ...images.exports]) },
  })
  return {
    ...doors,
    async stop() {
      await doors.stop()
      await hashing.close()
    },
  }
}

/** Links in mails lead where people open the hub. Without a configured origin that is this machine. */
const linksTo = ({ origin, tls, port }: House['config']): string =>
  origin ?? `${tls.kind === 'none' ? 'http' : 'https'}://localhost:${port}`
