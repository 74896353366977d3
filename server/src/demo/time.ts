import type { When } from './script.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
const isWeekend = (day: Date) => day.getUTCDay() % 6 === 0

/** When a line was said: on a working day, or a while ago. */
export function momentOf(when: When, now: Date): Date {
  if (typeof when === 'number') return new Date(now.getTime() - when * minuteMs)
  const [days, hour] = when
  let day = new Date(now.toISOString().slice(0, 10))
  for (let left = days; left > 0;) {
    day = new Date(day.getTime() - dayMs)
    if (!isWeekend(day)) left--
  }
  return new Date(`${day.toISOString().slice(0, 10)}T${hour}:00Z`)
}
