import Circle from '@lucide/svelte/icons/circle'
import CircleStop from '@lucide/svelte/icons/circle-stop'
import LayoutGrid from '@lucide/svelte/icons/layout-grid'
import FileText from '@lucide/svelte/icons/file-text'
import Link from '@lucide/svelte/icons/link'
import Lock from '@lucide/svelte/icons/lock'
import LockOpen from '@lucide/svelte/icons/lock-open'
import Maximize from '@lucide/svelte/icons/maximize'
import OctagonX from '@lucide/svelte/icons/octagon-x'
import Presentation from '@lucide/svelte/icons/presentation'
import Radio from '@lucide/svelte/icons/radio'
import Settings2 from '@lucide/svelte/icons/settings-2'
import Users from '@lucide/svelte/icons/users'
import type { Component, ComponentProps } from 'svelte'
import { m } from '#lib/i18n/index.ts'
import type { Own } from '#lib/media/own.svelte.ts'
import { toasts, type Menu } from '#lib/ui/index.ts'
import type { MeetingState } from './meeting.svelte.ts'
import { linkOf } from './naming.ts'
import type { View } from './view.svelte.ts'
import type { Visit } from './visit.svelte.ts'

export type Asked = 'devices' | 'streams' | 'recording' | 'ending'
type AskedDialog = Component<{ visit: Visit; meeting: MeetingState; own: Own; onclose: () => void }>

export const dialogs: Record<Asked, () => Promise<AskedDialog>> = {
  devices: async () => (await import('./DevicesDialog.svelte')).default,
  streams: async () => (await import('./StreamsDialog.svelte')).default,
  recording: async () => (await import('./RecordingDialog.svelte')).default,
  ending: async () => (await import('./EndingDialog.svelte')).default,
}

interface Means {
  visit: Visit
  meeting: MeetingState
  own: Own
  view: View
  ask: (what: Asked) => void
}

export async function copyLink(meeting: { slug: string }): Promise<void> {
  try {
    await navigator.clipboard.writeText(linkOf(meeting))
    toasts.show(m.meetings_link_copied())
  } catch {
    toasts.show(linkOf(meeting), { isLasting: true })
  }
}

/** What is needed now and then. Hosts have more of it. */
export function moreActions({ visit, meeting, view, ask }: Means): ComponentProps<typeof Menu>['actions'] {
  const { meeting: info, me } = meeting
  const isRecorded = info.recording !== null
  const canRecord = visit.readiness?.recording === 'ready'
  // Guests are in by the link: nothing is switched off for them.
  const isOff = (key: 'meetings.mayRecord' | 'meetings.mayStream') => visit.values?.[key] === false
  const record = {
    label: isRecorded ? m.meetings_record_stop() : m.meetings_record(),
    icon: isRecorded ? CircleStop : Circle,
    run: () => (isRecorded || canRecord ? void meeting.record(!isRecorded) : ask('recording')),
    ...(isOff('meetings.mayRecord') && { why: m.meetings_record_not_yours() }),
  }
  return [
    { label: m.meetings_devices(), icon: Settings2, run: () => ask('devices') },
    view.layout === 'grid'
      ? { label: m.meetings_show_speaker(), icon: Presentation, run: () => view.choose('speaker') }
      : { label: m.meetings_show_grid(), icon: LayoutGrid, run: () => view.choose('grid') },
    ...(document.fullscreenEnabled ? [{ label: m.meetings_full_screen(), icon: Maximize, run: toggleFullScreen }] : []),
    ...(meeting.hasChat ? [{ label: m.meetings_document(), icon: FileText, run: () => view.show('document') }] : []),
    { label: m.meetings_copy_link(), icon: Link, run: () => void copyLink(info) },
    ...(matchMedia('(max-width: 720px)').matches ? [{ label: m.people(), icon: Users, run: () => view.show('people') }] : []),
    ...(me.isHost
      ? [
          { ...record, isSeparated: true },
          {
            label: m.meetings_stream(),
            icon: Radio,
            run: () => ask(canRecord ? 'streams' : 'recording'),
            ...(isOff('meetings.mayStream') && { why: m.meetings_stream_not_yours() }),
          },
          info.isLocked
            ? { label: m.meetings_unlock(), icon: LockOpen, run: () => void meeting.change({ isLocked: false }) }
            : { label: m.meetings_lock(), icon: Lock, run: () => void meeting.change({ isLocked: true }) },
          { label: m.meetings_end_for_all(), icon: OctagonX, isDanger: true, isSeparated: true, run: () => ask('ending') },
        ]
      : []),
  ]
}

function toggleFullScreen() {
  void (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen())
}
