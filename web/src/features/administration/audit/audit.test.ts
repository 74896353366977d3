import { afterAll, expect, test } from 'vitest'
import { contract, type AuditEntry } from '@atrium/protocol'
import { language, zone } from '#lib/i18n/index.ts'
import { brieflyOf, changesOf, idsIn } from './changes.ts'
import { fieldText } from './fields.ts'
import { midnight } from './log.svelte.ts'
import { groups, meantBy, sentenceOf, sentences } from './sentences.ts'

const entry = (said: Partial<AuditEntry>): AuditEntry => ({
  ...{ seq: 1, at: '2026-03-14T13:05:00.000Z', actor: null, openedBy: null, source: '', door: 'browser', operation: 'cos.change' },
  ...{ target: null, domainId: null, outcome: 'done', refusal: null, refusalParams: null, before: null, after: null },
  ...said,
})
const nobody = new Map<string, string>()
afterAll(() => zone.use(undefined))

type Terms = { needs?: object; confirmed?: boolean; noted?: boolean }
const noted = Object.entries(contract as unknown as Record<string, { kind: string; terms: Terms; input: { shape?: object } }>)
  .filter(([, { kind, terms, input }]) =>
    kind === 'command'
      ? (terms.noted ?? (terms.needs !== undefined || terms.confirmed))
      : kind === 'query' && terms.needs && 'isExport' in (input.shape ?? {}),
  )
  .map(([name]) => name)

test('whatever the log notes has a sentence in each language, and stands in a group', async () => {
  expect(Object.keys(sentences).toSorted()).toEqual(noted.toSorted())
  const begun = Object.values(groups).flatMap(({ operations }) => operations as readonly string[])
  for (const name of noted)
    expect(
      begun.some((one) => one === name || name.startsWith(`${one}.`)),
      name,
    ).toBe(true)
  const target = { kind: 'account', id: 'x', name: 'Kwame' }
  for (const one of ['en', 'de'] as const) {
    await language.use(one)
    for (const operation of noted) expect(sentenceOf(entry({ operation, target })), operation).toMatch(/^[\p{L}\d][^{}]+$/u)
  }
})

test('a sentence says what was done to whom, and what became of it', async () => {
  await language.use('en')
  const change = entry({
    target: { kind: 'cos', id: 'c', name: 'Default' },
    before: { name: 'Default', 'meetings.mayRecord': true },
    after: { name: 'Default', 'meetings.mayRecord': false },
  })
  expect([sentenceOf(change), brieflyOf(change, nobody)]).toEqual(['Changed the class Default', 'May record Off'])
  const given = { granteeName: 'Kwame Mensah', rights: ['list.see'], isDenied: false, mayGrant: false }
  const target = { kind: 'domain', id: 'd', name: 'harbour.example' }
  expect(sentenceOf(entry({ operation: 'grants.give', target, after: given }))).toBe('Gave Kwame Mensah rights over harbour.example')
  const asked = { given: 'Noor', surname: 'Haddad', userName: 'noor' }
  expect(sentenceOf(entry({ operation: 'accounts.create', target, after: asked, outcome: 'refused' }))).toBe(
    'Not done: Created an account for Noor Haddad',
  )
  expect(sentenceOf(entry({ operation: 'of.a.newer.hub' }))).toBe('of.a.newer.hub')
})

test('of a change only what is otherwise is shown; of what was made, what it has', async () => {
  await language.use('en')
  const before = { status: 'active', isHidden: false, profile: { city: 'Accra', office: '2' }, ownerIds: [] }
  const after = { status: 'locked', isHidden: false, profile: { city: 'Tema', office: '2' }, ownerIds: [] }
  expect(changesOf(entry({ before, after })).map(({ key }) => key)).toEqual(['status', 'city'])
  expect(changesOf(entry({ after: { id: 'x', name: 'Crew', isHidden: false, cosId: null, members: [] } })).map(({ key }) => key)).toEqual([
    'name',
  ])
  const came = entry({
    operation: 'lists.members.change',
    before: { members: ['a@b.example'] },
    after: { added: ['c@d.example'], removed: [] },
  })
  expect(changesOf(came).map(({ key }) => key)).toEqual(['added'])
})

test('values are said as a person says them, and ids as what they are called', async () => {
  await language.use('de')
  zone.use('Europe/Berlin')
  const id = '0190a5c0-0000-7000-8000-000000000001'
  const names = new Map([[id, 'Kwame Mensah']])
  expect(fieldText('status', 'locked', nobody)).toBe('Gesperrt')
  expect(fieldText('isHidden', true, nobody)).toBe('ja')
  expect(fieldText('deletedAt', '2026-03-14T13:05:00.000Z', nobody)).toContain('14:05')
  expect(fieldText('ownerIds', [id], names)).toBe('Kwame Mensah')
  expect(fieldText('ownerIds', [id], nobody)).toContain('0190a5c0')
  expect(fieldText('password', '•••', nobody)).toBe('verborgen')
  expect(idsIn(changesOf(entry({ after: { ownerIds: [id], name: 'Crew' } })))).toEqual([id])
})

test('words of a search mean operations in the reader’s language', async () => {
  await language.use('de')
  const [one, other] = meantBy(' AUTHENTICATOR  kwame ')
  expect(one).toEqual({ word: 'authenticator', operations: ['factors.totp.finish'] })
  expect(other).toEqual({ word: 'kwame', operations: [] })
  expect(meantBy('verweigert')[0]?.operations).toEqual(['grants.give'])
})

test('a day begins and ends at midnight where the reader is', () => {
  zone.use('Europe/Berlin')
  expect(midnight('2026-03-14').toISOString()).toBe('2026-03-13T23:00:00.000Z')
  expect(midnight('2026-03-29', 1).toISOString()).toBe('2026-03-29T22:00:00.000Z')
  zone.use('America/Los_Angeles')
  expect(midnight('2026-03-08').toISOString()).toBe('2026-03-08T08:00:00.000Z')
})
