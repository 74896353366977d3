import { fail, Refusal, within, type House, type Outgoing } from '@atrium/platform'
import { forgetLetters } from '@atrium/platform/mail/outbox'
import { auth, type AuthTables, type Hashing } from './auth/index.ts'
import { chat, type Chat, type ChatTables } from './chat/index.ts'
import { accounts, directory, type DirectoryTables } from './directory/index.ts'
import { documents } from './documents/index.ts'
import { files } from './files/index.ts'
import { mediaNodes, meetings, type Meetings, type MeetingTables } from './meetings/index.ts'
import { pictures, type PictureTables } from './pictures/index.ts'
import { haveScreens, type PresenceTables } from './presence/index.ts'
import { forget, index, search, type SearchTables } from './search/index.ts'

export const mailJob = 'mail.send'

/** What the slices need of the house. */
export interface Ground extends Pick<
  House,
  'databaseOf' | 'epoch' | 'bus' | 'blobs' | 'jobs' | 'throttle' | 'tickets' | 'placement' | 'outgoing' | 'version' | 'now' | 'newId'
> {
  hashing: Hashing
  /** In front of the paths of links in mails. */
  origin: string
  /** Where the source of this hub can be read. */
  source: string
  /** Where meetings may be streamed to besides public addresses. */
  streamTo: readonly string[]
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
    guestDoor: (slug) => talks.guestDoor(slug),
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
  const { db: screens } = databaseOf<PresenceTables>()
  const talks: Meetings = meetings({
    ...databaseOf<MeetingTables>(),
    ...{ epoch, bus, jobs, now, newId },
    nodes: mediaNodes({ bus, placement: ground.placement }),
    rooms: rooms.forMeetings,
    sign: (claims) => ground.tickets.sign('media', claims),
    peopleOf: known.peopleOf,
    organisation: known.organisation,
    isAdministrator: known.isAdministrator,
    haveScreens: (accountIds) => haveScreens(screens, accountIds),
    mayStreamTo: streamingTo(ground.outgoing, ground.streamTo),
    // Rooms have no folders yet that a recording could lie in.
    recordingFolderOf: async () => {
      throw fail('unavailable', 'unavailable')
    },
    takeRecording: async () => {
      throw fail('unavailable', 'unavailable')
    },
  })

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
/** Whether a meeting may be streamed to an address, with the sentence that says why not. */
const streamingTo = (outgoing: Pick<Outgoing, 'addressesOf'>, also: readonly string[]) => async (url: string) => {
  await outgoing.addressesOf(url, also).catch((error: unknown) => {
    if (!(error instanceof Refusal)) throw error
    if (error.failure.code === 'forbidden') throw fail('forbidden', 'meetings.targetNotPublic', { field: 'url' })
    throw fail('invalid', 'meetings.targetUnknown', { field: 'url' })
  })
}

export type Slices = ReturnType<typeof slices>
