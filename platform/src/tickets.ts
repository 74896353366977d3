import type { Ticket, TicketPurpose } from '@atrium/protocol'

type Of<P extends TicketPurpose> = Extract<Ticket, { purpose: P }>
type Claims<P extends TicketPurpose> = Omit<Of<P>, 'purpose' | 'id' | 'issuedAt' | 'expiresAt'>
/** What the ticket must be for: whatever is named here has to be equal. */
export type Expected<P extends TicketPurpose> = Partial<Claims<P>>

/** Signed, short-lived permissions that another service accepts. */
export interface Tickets {
  sign<P extends TicketPurpose>(purpose: P, claims: Claims<P>): Promise<string>
  /** The claims of a ticket that is good for this; refuses all others with `forbidden`. */
  verify<P extends TicketPurpose>(token: string, purpose: P, expected: Expected<P>): Promise<Of<P>>
  /** A new key signs from now on; tickets of the old one stay good until they expire. */
  rotate(): Promise<void>
}
