import { language } from './language.svelte.ts'
import { zone } from './zone.svelte.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

const formats = new Map<string, Intl.DateTimeFormat>()
function format(name: string, options: Intl.DateTimeFormatOptions, region = language.region): Intl.DateTimeFormat {
  const timeZone = zone.current
  const key = `${region} ${timeZone} ${name}`
  const known = formats.get(key)
  if (known) return known
  const made = new Intl.DateTimeFormat(region, { ...options, timeZone })
  formats.set(key, made)
  return made
}

/** The day it is in the reader's zone, as midnight of the same day in UTC: days are counted there. Swedes write 2026-03-14. */
const dayOf = (at: Date) => Date.parse(format('iso', {}, 'sv').format(at))
const yearOf = (at: Date) => new Date(dayOf(at)).getUTCFullYear()
export const isSameDay = (one: Date, other: Date): boolean => dayOf(one) === dayOf(other)

/** "14:05", or "2:05 PM" where people say so. */
export const clock = (at: Date): string => format('clock', { hour: 'numeric', minute: '2-digit' }).format(at)

/** The same without the half of the day, where there is no place for it: "2:05". */
export const shortClock = (at: Date): string =>
  format('clock', { hour: 'numeric', minute: '2-digit' })
    .formatToParts(at)
    .filter(({ type }) => type === 'hour' || type === 'minute' || type === 'literal')
    .map(({ value }) => value)
    .join('')
    .trim()

/** The whole of it, for the hover. */
export const inFull = (at: Date): string => format('full', { dateStyle: 'full', timeStyle: 'short' }).format(at)

/** "Today", "Yesterday", "Tuesday, 3 March": the heading above what was said that day. */
export function dayName(at: Date, now: Date): string {
  const days = Math.round((dayOf(now) - dayOf(at)) / dayMs)
  if (days === 0 || days === 1) {
    const word = new Intl.RelativeTimeFormat(language.region, { numeric: 'auto' }).format(-days, 'day')
    return word.charAt(0).toLocaleUpperCase(language.region) + word.slice(1)
  }
  if (yearOf(at) === yearOf(now)) return format('day', { weekday: 'long', day: 'numeric', month: 'long' }).format(at)
  return format('day and year', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }).format(at)
}

/** Relative within a day, absolute after: "5 minutes ago", "3 March", "3 March 2024". */
export function when(at: Date, now: Date): string {
  const passedMs = now.getTime() - at.getTime()
  const relative = new Intl.RelativeTimeFormat(language.region, { numeric: 'auto' })
  if (Math.abs(passedMs) < minuteMs) return relative.format(0, 'second')
  if (Math.abs(passedMs) < hourMs) return relative.format(-Math.round(passedMs / minuteMs), 'minute')
  if (Math.abs(passedMs) < dayMs) return relative.format(-Math.round(passedMs / hourMs), 'hour')
  if (yearOf(at) === yearOf(now)) return format('date', { day: 'numeric', month: 'long' }).format(at)
  return format('date and year', { day: 'numeric', month: 'long', year: 'numeric' }).format(at)
}

/** For the right edge of a list: "14:05" today, "Tue" this week, "3 Mar", "3 Mar 24". */
export function brief(at: Date, now: Date): string {
  const days = Math.round((dayOf(now) - dayOf(at)) / dayMs)
  if (days === 0) return clock(at)
  if (days > 0 && days < 7) return format('weekday', { weekday: 'short' }).format(at)
  if (yearOf(at) === yearOf(now)) return format('brief', { day: 'numeric', month: 'short' }).format(at)
  return format('brief and year', { day: 'numeric', month: 'short', year: '2-digit' }).format(at)
}

export const count = (number: number): string => new Intl.NumberFormat(language.region).format(number)
