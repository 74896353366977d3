import { fail, Refusal, within, type Actor, type Call, type House, type Letter, type Outgoing, type Tx } from '@atrium/platform'
import { forgetLetters } from '@atrium/platform/mail/outbox'
import { forgetReceiptsOf } from '@atrium/platform/receipts'
import { sealingKey } from '@atrium/platform/sealing'
import type { AccountId, DomainId, Hub, Input, ListId, Output, Person, RoomId, SessionId } from '@atrium/protocol'
import { features } from './features.ts'
import { auth, networksOf, type Auth, type AuthTables, type Hashing } from './auth/index.ts'
import { chat, placesOf, shownIn, type Chat, type ChatTables } from './chat/index.ts'
import {
  accounts,
  directory,
  findRecovery,
  homeOf,
  mirroring,
  setRecovery,
  setWays,
  verifyRecovery,
  waysOf,
  type DirectoryTables,
} from './directory/index.ts'
import { documentNodes, documents } from './documents/index.ts'
import { factors, type FactorSlice, type FactorTables } from './factors/index.ts'
import { audit, type AuditTables } from './audit/index.ts'
import { grants, type GrantTables } from './grants/index.ts'
import { following, lists, listsMirroring, type ListTables } from './lists/index.ts'
import { files, holding, type Cabinet, type FileTables } from './files/index.ts'
import { mediaNodes, meetings, type Meetings, type MeetingTables } from './meetings/index.ts'
import { pictures, type PictureTables } from './pictures/index.ts'
import { haveScreens, type PresenceTables } from './presence/index.ts'
import { providers, type Providers, type ProviderTables } from './providers/index.ts'
import { forget, index, search, type SearchTables } from './search/index.ts'

export const mailJob = 'mail.send'

/** What the slices need of the house. */
export type Grounds = Pick<
  House,
  | 'databaseOf'
  | 'epoch'
  | 'bus'
  | 'blobs'
  | 'jobs'
  | 'throttle'
  | 'tickets'
  | 'placement'
  | 'outgoing'
  | 'version'
  | 'now'
  | 'newId'
  | 'node'
  | 'log'
>
export interface Ground extends Grounds {
  hashing: Hashing
  /** In front of the paths of links in mails. */
  origin: string
  /** Where the source of this hub can be read. */
  source: string
  /** How much each person may keep in files. */
  quotaBytes: number
  /** Where meetings may be streamed to besides public addresses. */
  streamTo: readonly string[]
}

/** The slices, each given what it needs of the others. */
export function slices(ground: Ground) {
  const { databaseOf, epoch, bus, jobs, now, newId } = ground
  const post = (tx: Tx, letter: Letter): Promise<void> => jobs.enqueue(tx, mailJob, { id: newId(), ...letter })
  const known = accounts({ ...databaseOf<DirectoryTables>(), newId, defaults: { 'files.quota': ground.quotaBytes } })
  const switched = features(known.valuesOf)
  const granted = grants({
    ...databaseOf<GrantTables>(),
    ...{ now, newId },
    isAdministrator: known.isAdministrator,
    administersInSql: known.administersInSql,
    changed: (...asked) => sessions.endLooking(...asked),
  })
  const noted = audit({ ...databaseOf<AuditTables>(), now, throttle: ground.throttle, visible: granted.visible })
  const named = lists({
    ...databaseOf<ListTables>(),
    ...{ jobs, now, newId, peopleOf: known.peopleOf, languageOf: known.languageOf, organisation: known.organisation },
    post,
    visible: granted.visible,
    require: granted.require,
    mayFill: granted.mayFill,
    membersChanged: granted.membersChanged,
    forget: granted.forget,
    keptElsewhere: (list, at) => elsewhere.listKeptElsewhere(list, at),
  })
  const sealed = databaseOf()
  let key: Promise<Buffer> | undefined
  /** Read once: it is never another. */
  const hubKey = () =>
    (key ??= sealed
      .work((tx) => sealingKey(tx))
      .catch((error: unknown) => {
        key = undefined
        throw error
      }))
  /** Whether the domain of an account lets its people in this way. Who administers the hub is let in by password, whatever it says. */
  async function allows(accountId: AccountId, way: 'password' | 'passkey'): Promise<boolean> {
    const { db } = databaseOf<DirectoryTables>()
    const home = await homeOf(db, accountId)
    const ways = home?.domainId ? await waysOf(db, { id: home.domainId }) : undefined
    if (!ways || home?.isAdministrator) return true
    return way === 'password' ? ways.allowsPassword : ways.allowsPasskey
  }
  const sessions: Auth = auth({
    ...ground,
    ...databaseOf<AuthTables>(),
    accounts: known,
    about: { version: ground.version, source: ground.source },
    post,
    later: (tx, kind, payload) => jobs.enqueue(tx, kind, payload),
    guestDoor: (...asked) => talks.guestDoor(...asked),
    hubKey,
    proofsOf: (...asked) => proofs.proofsOf(...asked),
    isTrusted: (...asked) => proofs.isTrusted(...asked),
    forgetDevices: (...asked) => proofs.forgetDevices(...asked),
    verifierOf: (...asked) => elsewhere.verifierOf(...asked),
    mayLook: (at, by, into) => granted.mayIn(at as never, by, 'account.openAs', 'account', into),
    recovery: { find: findRecovery, set: setRecovery, verify: verifyRecovery },
  })
  const proofs: FactorSlice = factors({
    ...ground,
    ...databaseOf<FactorTables>(),
    accounts: known,
    auth: sessions,
    hubKey,
    allows,
    recoveryOf: findRecovery,
  })
  const images = pictures({ ...ground, ...databaseOf<PictureTables>(), maySee: (...asked) => rooms.maySee(...asked) })
  const rooms: Chat = chat({
    ...databaseOf<ChatTables>(),
    ...{ epoch, bus, jobs, now, newId, index, forget },
    peopleOf: known.peopleOf,
    reachable: known.reachable,
    takesMessages: known.takesMessages,
    windowsOf: known.windowsOf,
    showReceipts: known.showReceipts,
    attach: images.attach,
    release: images.release,
    attachable: (...asked) => cabinet.attachable(...asked),
    lists: named,
  })
  const people = directory({
    ...databaseOf<DirectoryTables>(),
    ...{ now, newId, known },
    visible: granted.visible,
    seenBy: granted.seenBy,
    mustHave: (actor, right, over) => granted.require(actor, right, targetOf(over)),
    mayAdminister: granted.mayAdminister,
    signedIn: sessions.signedIn,
    rightsChanged: sessions.endLooking,
    mustAdminister: (actor) => granted.authority.check(actor, { right: 'domain.limits', on: 'everything' }, {}),
    delegates: granted.delegates,
    invite: sessions.invite,
    isPassword: sessions.isPassword,
    firstPassword: sessions.firstPassword,
    credentialsOf: sessions.credentialsOf,
    lockoutsOf: sessions.lockedOutUntil,
    beside: { lockoutOf: sessions.lockedOutUntilOf, lockedOut: sessions.lockedOut, delegatesAmong: granted.delegatesAmong },
    liftLockout: sessions.liftLockout,
    removePassword: sessions.removePassword,
    endAllSessions: sessions.endAllSessions,
    endSessions: sessions.endSessions,
    endSessionsIn: sessions.endSessionsIn,
    carryOver: sessions.carryOver,
    async forgetSecrets(tx, accountId) {
      await sessions.forgetSecrets(tx, accountId)
      await proofs.forgetSecrets(tx, accountId)
      await elsewhere.forget(within(tx), accountId)
    },
    async forgetLetters(tx, address) {
      await jobs.withdraw(tx, mailJob, { to: address })
      await forgetLetters(tx, address)
    },
    setProfilePicture: images.setProfile,
    setLookPictures: images.setLook,
    forgetAuthor: (tx, ...what) => rooms.forgetAuthor(within(tx), ...what),
    closeSeats: (tx, ...what) => rooms.closeSeats(within(tx), ...what),
    async forgetFiles(tx, announce, accountId) {
      await cabinet.forgetOwner(within(tx), announce, accountId)
      await talks.forgetOwner(tx, accountId)
      await forgetReceiptsOf(within(tx), accountId)
    },
    handFilesOver: (tx, ...what) => cabinet.handOver(within(tx), ...what),
    forgetGrants: (tx, announce, accountId) => granted.forget(tx, announce, [accountId]),
    bytesOf: (at, accountId) => cabinet.bytesOf(at as never, accountId),
    contactsOf: (accountId) => rooms.contactsOf(accountId),
    listsOf: named.shownOf,
    addToList: named.addTo,
    keptElsewhere: (account) => elsewhere.keptElsewhere(account),
  })
  const found = search({
    ...databaseOf<SearchTables>(),
    readableBy: rooms.readableBy,
    hitsAmong: rooms.hitsAmong,
    peopleOf: known.peopleOf,
  })

  const elsewhere: Providers = providers({
    ...ground,
    ...databaseOf<ProviderTables>(),
    isAdministrator: known.isAdministrator,
    domain: waysOf,
    setWays,
    personOf: homeOf,
    reachesBeyond: granted.reachesBeyond,
    async homeDomain() {
      const organisation = await known.organisation()
      return organisation && waysOf(databaseOf<DirectoryTables>().db, { name: organisation.domain })
    },
    lists: listsMirroring({ now, newId, ...granted }),
    people: mirroring({ endSessions: sessions.endSessions }),
    enterAs: sessions.enterAs,
    sessionIdOf: sessions.sessionIdOf,
    endTheirSessions: sessions.endTheirSessions,
  })

  const papersAt = documentNodes(ground)
  const inHand = holding(ground)
  const cabinet: Cabinet = files({
    ...ground,
    ...databaseOf<FileTables>(),
    hold: inHand.hold,
    allowanceOf: known.allowanceOf,
    hiddenAmong: known.hiddenAmong,
    documents: papersAt,
    placesOf,
    shownIn,
    peopleOf: known.peopleOf,
    actorOf: async (accountId) => standInFor(await known.person(accountId)),
    forgetInMessages: rooms.forgetFiles,
    reachable: known.reachable,
    lists: named,
  })
  const follow = following({ ...databaseOf<ListTables>(), followers: [rooms, cabinet] })
  const papers = documents({
    ...ground,
    ...databaseOf(),
    nodes: papersAt,
    seen: cabinet.seen,
    peopleOf: known.peopleOf,
  })
  const { db: screens } = databaseOf<PresenceTables>()
  const { db: seats } = databaseOf<ChatTables>()
  /** The first of these who is still here, and in this room with a seat of their own. */
  async function firstIn(roomId: RoomId, accountIds: readonly AccountId[]): Promise<AccountId | undefined> {
    for (const accountId of accountIds) {
      const actor = standInFor(await known.person(accountId))
      const place = (await placesOf(seats, accountId, [roomId])).get(roomId)
      if (actor && actor.kind !== 'guest' && place && !place.isLent) return accountId
    }
    return undefined
  }
  const talks: Meetings = meetings({
    ...databaseOf<MeetingTables>(),
    ...{ epoch, bus, jobs, now, newId },
    nodes: mediaNodes({ bus, placement: ground.placement }),
    rooms: rooms.forMeetings,
    sign: (claims, lookedAt) => ground.tickets.sign('media', claims, lookedAt),
    peopleOf: known.peopleOf,
    organisation: known.organisation,
    isAdministrator: known.isAdministrator,
    mayStart: (actor) => switched.may(actor, 'meetings.mayStart'),
    mayAdmitGuests: (actor) => switched.may(actor, 'meetings.mayAdmitGuests'),
    haveScreens: (accountIds) => haveScreens(screens, accountIds),
    networksOf,
    mayStreamTo: streamingTo(ground.outgoing, ground.streamTo),
    recordingFolderOf: cabinet.folderOf,
    async takeRecording({ accountId, founders, roomId, ...recorded }) {
      const here = await firstIn(roomId, [accountId, ...founders])
      const file = await cabinet.adopt({ ...recorded, by: here ?? accountId })
      const actor = standInFor(await known.person(file.accountId))
      // Said again, it is the same message.
      const said = { clientId: file.fileId, roomId, body: '', replyTo: null, mentions: [], pictures: [], files: [file.fileId] }
      if (actor)
        await rooms.send(actor, said).catch((error: unknown) => {
          // Nobody says it in a room that was archived or that all of them have left: it lies among the room's files all the same.
          if (!(error instanceof Refusal) || error.failure.code === 'unavailable') throw error
        })
      return file.fileId
    },
  })

  const filing = switched.gated(cabinet.handlers, 'features.files', ['files.spaces', 'files.shared.new'])
  // Who may have no meetings sees that there are none, and can leave the one they are in.
  const meeting = switched.gated(talks.handlers, 'features.meetings', [
    ...(['meetings.readiness', 'meetings.list', 'meetings.running', 'meetings.rings', 'meetings.peek', 'meetings.mine'] as const),
    ...(['meetings.leave', 'meetings.ring.answer'] as const),
  ])

  return {
    known,
    granted,
    noted,
    named,
    /** What is built on lists follows them. Asked again and again. */
    follow,
    /** Asked by the dispatcher before and after whatever is administrative. */
    authority: { ...granted.authority, ...noted.watch },
    sessions,
    proofs,
    images,
    rooms,
    people,
    found,
    cabinet,
    papers: { ...papers, ...switched.gated({ admit: papers.admit }, 'features.documents') },
    talks,
    handlers: {
      ...elsewhere.writtenThere(people.handlers),
      ...sessions.handlers,
      async 'auth.signOut'(actor: Actor, ...asked: [Input<Hub, 'auth.signOut'>, Call]): Promise<Output<Hub, 'auth.signOut'>> {
        await sessions.handlers['auth.signOut'](actor, ...asked)
        const there = await elsewhere.leavingToo(actor.sessionId)
        return there === null ? {} : { elsewhere: there }
      },
      ...proofs.handlers,
      ...granted.handlers,
      ...noted.handlers,
      ...elsewhere.writtenThere(named.handlers),
      ...images.handlers,
      ...switched.gated(rooms.handlers, 'features.chat', ['chat.rooms', 'chat.seen']),
      ...switched.gated(found.handlers, 'features.chat'),
      ...filing,
      ...switched.gated(pick(filing, 'files.document.create'), 'features.documents'),
      ...switched.gated(papers.handlers, 'features.documents'),
      ...meeting,
      ...switched.gated(pick(meeting, 'meetings.start', 'meetings.create'), 'meetings.mayStart'),
      ...switched.gated(pick(meeting, 'meetings.record', 'meetings.recording.prepare'), 'meetings.mayRecord'),
      ...switched.gated(pick(meeting, 'meetings.stream', 'meetings.target.add'), 'meetings.mayStream'),
      ...elsewhere.handlers,
    },
    nudges: {
      ...rooms.nudges,
      /** Who does not want to be seen typing is not. */
      'chat.typing': async (...asked: Parameters<(typeof rooms.nudges)['chat.typing']>) => {
        const [{ accountId, kind }] = asked
        if (kind === 'guest' || (await switched.valuesNow(accountId))['preferences.showTyping']) await rooms.nudges['chat.typing'](...asked)
      },
    },
    elsewhere,
    async stop() {
      inHand.stop()
      await elsewhere.stop()
    },
  }
}
const pick = <T extends object, K extends keyof T>(all: T, ...names: readonly K[]): Pick<T, K> =>
  Object.fromEntries(names.map((name) => [name, all[name]])) as Pick<T, K>

const targetOf = (over: { accountId: AccountId } | { domainId: DomainId } | { listId: ListId }) =>
  'accountId' in over
    ? ({ kind: 'account', id: over.accountId } as const)
    : 'domainId' in over
      ? ({ kind: 'domain', id: over.domainId } as const)
      : ({ kind: 'list', id: over.listId } as const)

/** Somebody who is not at the door: what was begun for them is finished without a session of theirs, if they may still be here. */
const standInFor = (person: Person | undefined): Actor | undefined =>
  person?.status === 'active' ? { accountId: person.id, kind: person.kind, sessionId: noSession, scope: null } : undefined
const noSession = '00000000-0000-0000-0000-000000000000' as SessionId

/** Whether a meeting may be streamed to an address, with the sentence that says why not. */
const streamingTo = (outgoing: Pick<Outgoing, 'addressesOf'>, also: readonly string[]) => async (url: string) => {
  await outgoing.addressesOf(url, also).catch((error: unknown) => {
    if (!(error instanceof Refusal)) throw error
    if (error.failure.code === 'forbidden') throw fail('forbidden', 'meetings.targetNotPublic', { field: 'url' })
    throw fail('invalid', 'meetings.targetUnknown', { field: 'url' })
  })
}

export type Slices = ReturnType<typeof slices>
