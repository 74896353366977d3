import { z } from 'zod'
import { signal, type Failure } from './kernel.ts'

/** Why a connection ended. The server says it before it cuts; logs and metrics count by it. */
export const endings = [
  'signed_out', // by this person, here
  'session_ended', // by this person, from another device; or it expired
  'password_changed',
  'account_locked',
  'account_deleted',
  'client_too_old', // reload the page
  'client_too_new', // this gateway is older than the page: connect again, to another
  'too_slow', // it did not read: more than 2 MB waited
  'draining', // the process ends: connect again, to another or in a moment
  'closed', // the other side went away
] as const
export type Ending = (typeof endings)[number]

/** Why a document's connection ended: the reason of its close frame. */
export const documentEndings = [
  'ticket_refused', // ask for another
  'not_found', // this node has no such document
  'too_large', // an update, or the document it would make
  'malformed', // what came was no update; the document is as it was
  'shut_out', // an update of this account stalled the document: for a while nobody takes more from it
  'too_slow', // it did not read
  'too_many', // connections of this account
  'moved', // the document is loaded anew, here or at another node: ask where it is now
  'draining', // the process ends: ask where the document is now
  'closed', // the other side went away, or something broke
  'signed_out', // this and the following as for the page's own connection: coming again is of no use
  'session_ended',
  'password_changed',
  'account_locked',
  'account_deleted',
] as const
export type DocumentEnding = (typeof documentEndings)[number]

/** Said on a socket before the hub closes it. A cut without it is the network's doing. */
export const hub = {
  'hub.ending': signal('account', z.object({ ending: z.enum(endings) })),
}

/** Why a handshake was refused, as `data` of Socket.IO's `connect_error`: no session, too busy, or a page of another age. */
export type HandshakeRefusal = { error: Failure } | { ending: Ending }

/** Counts up when an old page could not live with a new hub. Sent in the Socket.IO handshake as `auth.protocol`. */
export const protocolVersion = 1
