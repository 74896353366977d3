import { m } from '#lib/i18n/index.ts'
import type { Own } from '#lib/media/own.svelte.ts'

/** What is wrong with my devices, and what to do about it. Without any of them one can be there all the same. */
export function explained({ problems, wantsCamera }: Pick<Own, 'problems' | 'wantsCamera'>): { title: string; text: string } | undefined {
  const { microphone, camera } = problems
  if (microphone === 'insecure' || camera === 'insecure') return { title: m.meetings_insecure(), text: m.meetings_insecure_text() }
  if (microphone === 'denied' && camera === 'denied') return { title: m.meetings_both_denied(), text: m.meetings_denied_text() }
  if (camera === 'denied' && wantsCamera) return { title: m.meetings_camera_denied(), text: m.meetings_denied_text() }
  if (microphone === 'denied') return { title: m.meetings_microphone_denied(), text: m.meetings_denied_text() }
  if (camera === 'busy' && wantsCamera) return { title: m.meetings_camera_busy(), text: m.meetings_busy_text() }
  if (microphone === 'busy') return { title: m.meetings_microphone_busy(), text: m.meetings_busy_text() }
  if (microphone === 'missing' && camera === 'missing') return { title: m.meetings_no_devices(), text: m.meetings_no_devices_text() }
  if (camera === 'missing' && wantsCamera) return { title: m.meetings_no_camera(), text: m.meetings_no_camera_text() }
  if (microphone === 'missing') return { title: m.meetings_no_microphone(), text: m.meetings_no_microphone_text() }
  return undefined
}
