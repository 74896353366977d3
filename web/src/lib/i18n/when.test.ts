import { beforeEach, expect, test } from 'vitest'
import { language } from './language.svelte.ts'
import { brief, clock, dayName, inFull, isSameDay, when } from './when.ts'
import { zone } from './zone.svelte.ts'

const now = new Date(2026, 10, 21, 14, 0)
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000)
beforeEach(() => language.use('de'))

test('times are relative within a day and absolute after', () => {
  expect(when(ago(0), now)).toBe('jetzt')
  expect(when(ago(5), now)).toBe('vor 5 Minuten')
  expect(when(ago(3 * 60), now)).toBe('vor 3 Stunden')
  expect(when(ago(30 * 60), now)).toBe('20. November')
  expect(when(new Date(2024, 2, 3, 9, 0), now)).toBe('3. März 2024')
})

test('a day has the name people give it', () => {
  expect(dayName(ago(60), now)).toBe('Heute')
  expect(dayName(new Date(2026, 10, 20, 23, 59), now)).toBe('Gestern')
  expect(dayName(new Date(2026, 10, 3, 9, 0), now)).toBe('Dienstag, 3. November')
  expect(dayName(new Date(2025, 10, 3, 9, 0), now)).toBe('Montag, 3. November 2025')
})

test('a list shows the hour today, the weekday this week, the date before', () => {
  expect(brief(new Date(2026, 10, 21, 9, 5), now)).toBe('9:05')
  expect(brief(new Date(2026, 10, 17, 9, 5), now)).toMatch(/^Di/)
  expect(brief(new Date(2026, 9, 1, 9, 5), now)).toBe('1. Okt.')
})

test('the language of the reader decides', async () => {
  expect(inFull(now)).toContain('Samstag')
  await language.use('en')
  expect(inFull(now)).toContain('Saturday')
})

test('times are told in the zone that somebody chose, days included', () => {
  const at = new Date('2026-11-21T23:30:00Z')
  const morning = new Date('2026-11-22T00:30:00Z')
  zone.use('UTC')
  expect([clock(at), isSameDay(at, morning), dayName(at, morning)]).toEqual(['23:30', false, 'Gestern'])
  zone.use('Asia/Tokyo')
  expect([clock(at), isSameDay(at, morning), dayName(at, morning)]).toEqual(['8:30', true, 'Heute'])
  expect(brief(new Date('2026-12-31T20:00:00Z'), new Date('2027-01-01T03:00:00Z'))).toBe('5:00')
  zone.use(undefined)
})
