import type { AccountId, Hub, MeetingId, Payload, Ring } from '@atrium/protocol'

const ringsForMs = 48_000
type How = 'ringing' | Payload<Hub, 'meetings.ring.ended'>['how']

/** What a caller hears of the one who is called. */
export class Call {
  /** Undefined: nobody is called. */
  how = $state<How>()
  #round = 0

  /** That nobody answered is said by the hub; should its word be lost, by the clock. */
  begin(): void {
    this.how = 'ringing'
    const round = ++this.#round
    setTimeout(() => {
      if (round === this.#round && this.how === 'ringing') this.how = 'missed'
    }, ringsForMs)
  }

  end(): void {
    this.#round++
    this.how = undefined
  }

  /** What the hub says to the account that may be calling. */
  told(name: string, payload: unknown, me: AccountId | undefined, meetingId: MeetingId | undefined): void {
    if (name === 'meetings.ring.began' && (payload as Ring).by.id === me) this.how = 'ringing'
    else if (name === 'meetings.ring.ended') {
      const ended = payload as Payload<Hub, 'meetings.ring.ended'>
      // It may be over before the one who calls is in.
      if (ended.meetingId === meetingId) this.how = ended.how
    }
  }
}
