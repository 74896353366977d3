import { within, type House } from '@atrium/platform'
import { forgetLetters } from '@atrium/platform/mail/outbox'
import { auth, type AuthTables, type Hashing } from './auth/index.ts'
import { chat, type Chat, type ChatTables } from './chat/index.ts'
import { accounts, directory, type DirectoryTables } from './directory/index.ts'
import { documents } from './documents/index.ts'
import { files } from './files/index.ts'
import { meetings } from './meetings/index.ts'
import { pictures, type PictureTables } from './pictures/index.ts'
import { forget, index, search, type SearchTables } from './search/index.ts'

export const mailJob = 'mail.send'

/** What the slices need of the house. */
export interface Ground extends Pick<
  House,
  'databaseOf' | 'epoch' | 'bus' | 'blobs' | 'jobs' | 'throttle' | 'tickets' | 'version' | 'now' | 'newId'
> {
  hashing: Hashing
  /** In front of the paths of links in mails. */
  origin: string
  /** Where the source of this hub can be read. */
  source: string
}

/** The slices, each given what it needs of the others. */
export function slices(ground: Ground) {
  const { databaseOf, epoch, bus, jobs, now, newId } = ground
  const known = accounts(databaseOf<DirectoryTables>())
  const sessions = auth({
    ...ground,
    ...databaseOf<AuthTables>(),
    accounts: known,
    about: { version: ground.version, source: ground.source },
    post: (tx, letter) => jobs.enqueue(tx, mailJob, letter),
  })
  const images = pictures({ ...ground, ...databaseOf<PictureTables>(), maySee: (...asked) => rooms.maySee(...asked) })
  const rooms: Chat = chat({
    ...databaseOf<ChatTables>(),
    ...{ epoch, bus, jobs, now, newId, index, forget },
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
    async forgetLetters(tx, address) {
      await jobs.withdraw(tx, mailJob, { to: address })
      await forgetLetters(tx, address)
    },
    setProfilePicture: images.setProfile,
    forgetAuthor: (tx, ...what) => rooms.forgetAuthor(within(tx), ...what),
    closeSeats: (tx, ...what) => rooms.closeSeats(within(tx), ...what),
  })
  const found = search({
    ...databaseOf<SearchTables>(),
    readableBy: rooms.readableBy,
    hitsAmong: rooms.hitsAmong,
    peopleOf: known.peopleOf,
  })

  const cabinet = files()
  const papers = documents()
  const talks = meetings()

  return {
    known,
    sessions,
    images,
    rooms,
    people,
    found,
    cabinet,
    papers,
    talks,
    handlers: {
      ...people.handlers,
      ...sessions.handlers,
      ...images.handlers,
      ...rooms.handlers,
      ...found.handlers,
      ...cabinet.handlers,
      ...papers.handlers,
      ...talks.handlers,
    },
    nudges: rooms.nudges,
  }
}
export type Slices = ReturnType<typeof slices>
