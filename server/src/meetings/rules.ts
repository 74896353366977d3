import type { Participant, Room, Seat } from '@atrium/protocol'

export type State = Participant['state']
/** What a rule is told of who asks: the own seat and the own part in the meeting, never the list of the others. */
export interface Standing {
  kind: 'person' | 'guest'
  /** A guest's session is good for this meeting alone. Null for people of the house. */
  scope: string | null
  /** The lasting seat in the meeting's room. One that is lent for the meeting is none. */
  seat: Seat['role'] | undefined
  /** The part in this meeting; undefined for who never knocked. */
  part: Part | undefined
}
export interface Part {
  state: State
  isHost: boolean
  /** The sitting in which they last knocked, were let in or were denied. */
  sittingId: string | null
  wasLetIn: boolean
  denials: number
}
/** A meeting as the rules see it. */
export interface Occasion {
  id: string
  slug: string
  guests: 'wait' | 'none'
  isLocked: boolean
  sittingId: string | null
  kind: Room['kind']
}

/** MEET-1  Members of the room come straight in, and begin the sitting. Whoever has no seat there waits until a host lets them in. */
export const isMember = (me: Standing): boolean => me.seat !== undefined
/** MEET-2  A locked meeting lets nobody in any more, not even members and whom a host would admit, until a host opens it. It ends with the sitting. */
export const isClosed = (meeting: Occasion): boolean => meeting.isLocked
/** MEET-3  Where guests are not let in they cannot even knock; people of the house still can. */
export const mayKnock = (meeting: Occasion, me: Pick<Standing, 'kind'>): boolean => me.kind === 'person' || meeting.guests === 'wait'

/**
 * MEET-4  A meeting exists for the members of its room, for who has a part in it, and for who shows its link: a guest by a
 * session that came by it, others by the slug. To anyone else it does not exist.
 */
export const mayKnow = (meeting: Occasion, me: Standing, slug?: string): boolean =>
  me.kind === 'guest' ? me.scope === meeting.id : isMember(me) || me.part !== undefined || slug === meeting.slug

/** MEET-5  A participant is `waiting → admitted → joined → left | denied | removed | timed_out`; who is out may knock again. */
export const moves: Record<State | 'nowhere', readonly State[]> = {
  nowhere: ['waiting', 'admitted'],
  waiting: ['admitted', 'denied', 'left', 'removed'],
  admitted: ['joined', 'left', 'removed', 'timed_out'],
  joined: ['left', 'removed', 'timed_out'],
  left: ['waiting', 'admitted'],
  timed_out: ['waiting', 'admitted'],
  denied: ['waiting', 'admitted'],
  removed: ['waiting', 'admitted'],
}
export const mayMove = (from: State | 'nowhere', to: State): boolean => moves[from].includes(to)

/** MEET-6  Only who is admitted or joined hears the meeting, gets a ticket and learns who is there. All others hear their own topic alone. */
export const isInside = (state: State | undefined): boolean => state === 'admitted' || state === 'joined'
export const isPresent = (state: State | undefined): boolean => isInside(state) || state === 'waiting'

/** MEET-7  Who a host let in and who left, or fell out, comes straight back in the same sitting. Whom a host removed waits, also members; owners of the room come in always. */
export function entryOf(meeting: Occasion, me: Standing): 'admitted' | 'waiting' {
  const isThisSitting = me.part !== undefined && me.part.sittingId === meeting.sittingId && meeting.sittingId !== null
  if (isThisSitting && me.part!.state === 'removed' && !ownsRoom(meeting, me)) return 'waiting'
  if (isMember(me)) return 'admitted'
  const isBack = isThisSitting && me.part!.wasLetIn && (me.part!.state === 'left' || me.part!.state === 'timed_out')
  return isBack ? 'admitted' : 'waiting'
}

/**
 * MEET-8  Who was denied may knock again, but after three times not in this sitting. Guests from one network share six times:
 * another browser is no other person.
 */
export const maxDenials = 3
export const maxDenialsOfNetwork = 6
export const isDeniedForGood = (meeting: Occasion, part: Part | undefined): boolean =>
  part !== undefined && part.sittingId === meeting.sittingId && part.denials >= maxDenials

/** MEET-9  Hosts are the owners of the room, in a direct room both, and whoever began the sitting. Inside, hosts make and unmake hosts; guests are none. */
export const ownsRoom = ({ kind }: Pick<Occasion, 'kind'>, me: Standing): boolean =>
  me.seat === 'owner' || (kind === 'direct' && me.seat !== undefined)
export const hostsOnEntering = (meeting: Occasion, me: Standing, beganIt: boolean): boolean =>
  me.kind === 'person' && (ownsRoom(meeting, me) || beganIt)
export const isHost = (meeting: Occasion, me: Standing): boolean =>
  isInside(me.part?.state) ? me.part!.isHost : me.part?.state !== 'removed' && ownsRoom(meeting, me)

/** MEET-10  Who goes into a meeting that is being recorded agrees to it first. Who was inside when it began was told there. */
export const mustAgree = (isRecorded: boolean, agrees: boolean, state: State | undefined): boolean =>
  isRecorded && !agrees && state !== 'joined'

/** MEET-11  A knock ends when its page is gone for 30 s; so does an admission that nobody makes use of, and a part in the media that no node knows of. */
export const goneAfterMs = 30_000

/** MEET-12  A sitting ends when nobody has been inside for a minute, or when a host ends it. */
export const emptyForMs = 60_000

/** MEET-13  A call in a direct room rings the other one for 45 s, on all devices, and is answered once. */
export const ringsForMs = 45_000

/** MEET-14  A meeting keeps at most ten places to stream to. Their keys are stored sealed and never given out. */
export const maxTargets = 10
