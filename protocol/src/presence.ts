import { z } from 'zod'
import { command, nudge, query, signal } from './kernel.ts'
import { AccountId, ClientId } from './ids.ts'

/** `offline`: no screen is open. `away`: none was touched for a while, or the person said so. */
export const Presence = z.object({ accountId: AccountId, state: z.enum(['available', 'away', 'busy', 'offline']) })
export type Presence = z.output<typeof Presence>
/** What a person chose to show while a screen is open; `auto` follows the screens. */
export const PresenceChoice = z.enum(['auto', 'busy', 'away'])
export type PresenceChoice = z.output<typeof PresenceChoice>

export const presence = {
  'presence.of': query(z.strictObject({ accountIds: z.array(AccountId).min(1).max(200) }), z.array(Presence)),
  'presence.mine': query(z.strictObject({}), z.object({ choice: PresenceChoice })),
  'presence.choose': command(z.strictObject({ clientId: ClientId, choice: PresenceChoice }), z.object({ choice: PresenceChoice }), {
    repeat: 'natural',
  }),
  /** This screen was touched, or has not been for five minutes. */
  'presence.touch': nudge(z.strictObject({ isActive: z.boolean() })),
  /** Of the people whose `presence:<id>` this socket watches: those who changed, at most once a second. */
  'presence.changing': signal('account', z.object({ people: z.array(Presence) })),
}
