import type { MeetingId } from '@atrium/protocol'

const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel('atrium.meeting') : undefined
let stop: (() => void) | undefined

/** This window is in the meeting now. Another one of this browser that was gives way, and is told so. */
export function onlyHere(meetingId: MeetingId, gone: () => void): void {
  stop?.()
  if (!channel) return
  const heard = ({ data }: MessageEvent) => data === meetingId && gone()
  channel.postMessage(meetingId)
  channel.addEventListener('message', heard)
  stop = () => channel.removeEventListener('message', heard)
}
