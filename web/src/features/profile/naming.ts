import { languageNames, m } from '#lib/i18n/index.ts'
import type { OwnKey } from './preferences.svelte.ts'

/** What preferences are called, and what they do. One without a name does not compile. */
export const preferenceNames: Record<OwnKey, { name: () => string; text?: () => string }> = {
  'preferences.language': { name: m.language_name },
  'preferences.timeZone': { name: m.own_time_zone },
  'preferences.theme': { name: m.theme },
  'preferences.density': { name: m.density },
  'preferences.startPage': { name: m.own_start_page, text: m.own_start_page_text },
  'preferences.notifications': { name: m.own_notifications, text: m.own_notifications_text },
  'preferences.showPresence': { name: m.own_show_presence, text: m.own_show_presence_text },
  'preferences.showTyping': { name: m.own_show_typing, text: m.own_show_typing_text },
  'preferences.showReceipts': { name: m.own_show_receipts, text: m.own_show_receipts_text },
}

const words: Record<string, (() => string) | undefined> = {
  auto: m.own_as_browser,
  en: () => languageNames.en,
  de: () => languageNames.de,
  system: m.theme_system,
  light: m.theme_light,
  dark: m.theme_dark,
  comfortable: m.density_comfortable,
  compact: m.density_compact,
  home: m.home,
  chat: m.chat,
  meetings: m.meetings,
  files: m.files,
  all: m.own_notify_all,
  mentions: m.own_notify_mentions,
  none: m.own_notify_none,
}
export const wordOf = (value: unknown): string =>
  typeof value === 'boolean' ? (value ? m.own_on() : m.own_off()) : (words[String(value)]?.() ?? String(value).replaceAll('_', ' '))
