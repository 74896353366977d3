import type { Me, Participant } from '@atrium/protocol'
import { m } from '#lib/i18n/index.ts'
import type { MeetingState } from './meeting.svelte.ts'

/** A direct room's meeting has no name of its own: it is called after the others. */
export function titleOf({ meeting, inside, myId }: Pick<MeetingState, 'meeting' | 'inside' | 'myId'>): string {
  const others = inside.filter(({ id }) => id !== myId).map(({ name }) => name)
  return meeting.title || others.join(', ') || m.meetings_meeting()
}

export const linkOf = ({ slug }: { slug: string }): string => `${location.origin}/m/${slug}`

/** As much of a person as a guest is. */
export const guestOf = ({ accountId, name }: Participant): Me => ({
  person: {
    id: accountId,
    kind: 'guest',
    name,
    address: null,
    title: '',
    picture: null,
    status: 'active',
    isAdministrator: false,
  },
  language: null,
  organisation: { name: '', domain: '' },
  domainId: null,
  mayAdminister: false,
  look: { name: null, title: null, accent: null, logoLight: null, logoDark: null, picture: null },
})
