/** What the media node's process says to the one that composes. It only describes the meeting; what is drawn is decided there. */
export type Order =
  /** The transport that sends: all else comes from strangers. A second time: another worker has the meeting now, and another clock. */
  | { do: 'connect'; port: number }
  /** A place in the picture, or a new name for it. */
  | { do: 'seat'; id: string; name: string }
  | { do: 'track'; id: string; kind: 'audio' | 'video'; ssrc: number; consumerId: string }
  | { do: 'mute'; ssrc: number }
  | { do: 'leave'; id: string }
  | { do: 'speaker'; id: string | null }
  /** A shared screen, shown large. */
  | { do: 'stage'; id: string | null }
  | { do: 'record'; file: string }
  | { do: 'unrecord'; file: string }
  | { do: 'stream'; targetId: string; to: Destination }
  | { do: 'unstream'; targetId: string }
  | { do: 'stop' }

/** A place that is streamed to. The key is a secret: it goes this way only, never by arguments or the environment. */
export interface Destination {
  url: string
  key: string
  /** Addresses and networks that are allowed besides public ones. */
  also: readonly string[]
  /** Makers of certificates, besides those that every machine knows. */
  trusted: readonly string[]
}

export type StreamState = 'connecting' | 'live' | 'interrupted'

/** What that one answers. */
export type Said =
  | { is: 'listening'; port: number }
  /** What comes of this consumer from now on is seen. */
  | { is: 'tracked'; consumerId: string }
  | { is: 'key-wanted'; consumerId: string }
  /** How large each seat is drawn now; those not named are not drawn. */
  | { is: 'shown'; sizes: Record<string, [width: number, height: number]> }
  /** The file is whole. */
  | { is: 'recorded'; file: string }
  | { is: 'stream'; targetId: string; state: StreamState; why?: string }
  | { is: 'figures'; figures: Figures }
  | { is: 'done' }

/** Since it began; told once a second. */
export interface Figures {
  pictures: number
  /** Left out, where the machine is too slow. */
  skipped: number
  cpuMs: number
  rssBytes: number
}
