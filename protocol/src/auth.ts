import { z } from 'zod'
import { command, perAccount, perSource, query } from './kernel.ts'
import { AccountId, ClientId, SessionId } from './ids.ts'
import { SignInState } from './factors.ts'
import { Language, OrganisationName } from './directory.ts'
import { Address, name, Password, text } from './text.ts'

/** The secret part of a link: 256 random bits, base64url. Only its hash is stored. */
const LinkToken = z.string().regex(/^[A-Za-z0-9_-]{43}$/)
const SignedIn = z.object({ accountId: AccountId })

export const Session = z.object({
  id: SessionId,
  kind: z.enum(['browser', 'phone', 'program']),
  /** As the browser calls itself, shortened: "Firefox on Linux". */
  device: z.string(),
  source: z.string(),
  startedAt: z.iso.datetime(),
  seenAt: z.iso.datetime(),
  isThis: z.boolean(),
  /** The administrator who looks through this person's eyes. */
  openedBy: z.string().nullable(),
})
export type Session = z.output<typeof Session>

export const auth = {
  /** What a page needs to know before anybody is signed in. */
  'hub.about': query(
    z.strictObject({}),
    z.object({ version: z.string(), source: z.string(), organisation: z.string().nullable(), isSetUp: z.boolean() }),
    { open: true, limit: perSource(600, '1 min') },
  ),

  /** First run: whoever has the printed link names the organisation and becomes its first administrator. */
  'setup.peek': query(z.strictObject({ token: LinkToken }), z.object({ isOpen: z.boolean() }), {
    open: true,
    limit: perSource(60, '1 min'),
  }),
  'setup.finish': command(
    z.strictObject({
      clientId: ClientId,
      token: LinkToken,
      organisation: OrganisationName,
      domain: z.hostname().max(253).toLowerCase(),
      name,
      address: Address,
      password: Password,
      language: Language.optional(),
    }),
    SignedIn,
    { open: true, door: 'http', limit: perSource(20, '1 min'), repeat: 'natural' },
  ),

  'auth.signIn': command(
    z.strictObject({
      clientId: ClientId,
      address: text(254).toLowerCase(),
      password: z.string().min(1).max(1_000),
    }),
    SignInState,
    { open: true, door: 'http', limit: perSource(60, '1 min'), repeat: 'natural' },
  ),
  /** `elsewhere`: where to go next, to be signed out of the provider that let one in as well. */
  'auth.signOut': command(z.strictObject({ clientId: ClientId }), z.object({ elsewhere: z.url().optional() }), {
    guests: true,
    unfinished: true,
    door: 'http',
    repeat: 'natural',
  }),

  /** A link from an administrator (invited, password lost) or from `npm run atrium -- admin-link`. */
  'auth.invitation.peek': query(
    z.strictObject({ token: LinkToken }),
    z.object({ name: z.string(), address: z.string(), organisation: z.string() }),
    { open: true, limit: perSource(60, '1 min') },
  ),
  'auth.invitation.accept': command(z.strictObject({ clientId: ClientId, token: LinkToken, password: Password }), SignInState, {
    open: true,
    door: 'http',
    limit: perSource(20, '1 min'),
    repeat: 'natural',
  }),

  'auth.password.change': command(
    z.strictObject({ clientId: ClientId, current: z.string().min(1).max(1_000), next: Password }),
    SignInState,
    {
      door: 'http',
      limit: perAccount(10, '1 min'),
      repeat: 'natural',
    },
  ),
  'auth.sessions': query(z.strictObject({}), z.array(Session)),
  'auth.session.end': command(z.strictObject({ clientId: ClientId, sessionId: SessionId }), z.object({ sessionId: SessionId }), {
    repeat: 'natural',
  }),
}
