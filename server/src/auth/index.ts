import type { Handlers, Tx } from '@atrium/platform'
import type { AccountId, auth as contract, Invitation, meetings as ofMeetings, Person } from '@atrium/protocol'
import type { ExportPart } from '../directory/index.ts'
import { letterWith } from './letters.ts'
import { makeLink } from './links.ts'
import { authService, type AuthDeps } from './service.ts'
import { endSessions, forgetLinks, forgetSecrets, listSessions, sweep } from './store.ts'

export { adminLink, setupLink } from './console.ts'
export { hashingPool, type Hashing } from './hashing.ts'
export type { AuthDeps } from './service.ts'
export { give, type Entered, type EnterAs, type ShownBy, type VerifyElsewhere } from './sessions.ts'
export type { AuthTables } from './store.ts'

const receiptLivesMs = 15 * 24 * 60 * 60 * 1_000

export function auth(deps: AuthDeps) {
  const service = authService(deps)
  const { db, work, accounts, now, origin, post } = deps
  const handlers: Handlers<typeof contract & Pick<typeof ofMeetings, 'auth.guest'>> = {
    'hub.about': service.about,
    'setup.peek': service.peekSetup,
    'setup.finish': service.setUp,
    'auth.signIn': service.signIn,
    'auth.signOut': service.signOut,
    'auth.guest': service.guest,
    'auth.invitation.peek': service.peekInvitation,
    'auth.invitation.accept': service.accept,
    'auth.password.change': service.changePassword,
    'auth.sessions': service.sessions,
    'auth.session.end': service.endSession,
  }
  const sessions: ExportPart = {
    name: 'sessions',
    async *of(accountId) {
      yield* await listSessions(db, accountId as AccountId, now())
    },
  }

  return {
    handlers,
    /** Who the cookie of a request stands for, if anybody: asked at every request and handshake. */
    sessionOf: service.sessionOf,
    unfinishedOf: service.unfinishedOf,
    /** Which sessions of open sockets still stand: asked now and then. */
    standing: service.standing,
    /** Whether this is the caller's password; counted against guessing like a sign-in. */
    isPassword: service.isPassword,

    /** A link for one person, by mail too. Earlier ones stop working: of two letters the newer one is right. */
    async invite(tx: Tx, person: Person, by: Person, purpose: 'invitation' | 'reset'): Promise<Invitation> {
      await forgetLinks(tx, person.id)
      const link = await makeLink(tx, purpose, person.id, now())
      if (person.address !== null) {
        const organisation = (await accounts.organisationIn(tx))?.name ?? 'Atrium'
        const language = (await accounts.languageOf(tx, by.id)) ?? 'en'
        const url = new URL(link.path, origin).href
        const words = letterWith(purpose, language, {
          name: person.name,
          by: by.name,
          organisation,
          url,
          expiresAt: new Date(link.expiresAt),
        })
        await post(tx, { to: person.address, ...words })
      }
      return link
    },
    async endSessions(tx: Tx, accountId: AccountId): Promise<void> {
      await endSessions(tx, accountId, now())
      await forgetLinks(tx, accountId)
    },
    forgetSecrets: (tx: Tx, accountId: AccountId): Promise<void> => forgetSecrets(tx, accountId),
    /** For a daily job: takes away what is long over. */
    sweep: (): Promise<void> => work((tx) => sweep(tx, new Date(now().getTime() - receiptLivesMs))),
    exports: [sessions],
  }
}
