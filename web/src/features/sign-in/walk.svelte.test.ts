import { afterEach, expect, test, vi } from 'vitest'
import type { AccountId, SignInState } from '@atrium/protocol'
import { domainOf, Ways } from './ways.svelte.ts'
import { Walk } from './walk.svelte.ts'

const inside: SignInState = { state: 'in', accountId: '0199a000-0000-7000-8000-000000000001' as AccountId }
const owing = (...owes: Extract<SignInState, { state: 'owes' }>['owes']): SignInState => ({
  state: 'owes',
  owes,
  ways: ['totp', 'scratch'],
  trustDays: 30,
})
const asked: string[] = []
const hubSays = (reply: unknown) =>
  vi.stubGlobal('fetch', (path: string) => {
    asked.push(path.split('?')[0]!)
    return Promise.resolve(Response.json(reply))
  })
afterEach(() => {
  asked.length = 0
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

test('one thing after the other, as the hub says; codes are kept before one goes on', async () => {
  const walk = new Walk()
  expect(walk.step).toBe('start')
  walk.took(owing('second_factor', 'new_password'))
  expect(walk.step).toBe('second_factor')
  walk.took(owing('new_password', 'enrolment'))
  expect(walk.step).toBe('new_password')
  walk.took(inside, ['ab12-cd34'])
  expect(walk.step).toBe('codes')
  walk.codesAreKept()
  expect(walk.step).toBe('in')
})

test('a page that is loaded in the middle goes on there, and one that begins begins', async () => {
  const walk = new Walk()
  hubSays({ ok: false, error: { code: 'unauthenticated', key: 'unauthenticated' } })
  await walk.resume()
  expect(walk.step).toBe('start')
  hubSays({ ok: true, data: owing('enrolment') })
  await walk.resume()
  expect(walk.step).toBe('enrolment')
})

test('a sign-in that was left too long begins anew, a wrong code does not', async () => {
  const walk = new Walk()
  walk.took(owing('second_factor'))
  expect(await walk.movedOn({ code: 'invalid', key: 'factors.wrongCode' })).toBe(false)
  expect(walk.step).toBe('second_factor')
  hubSays({ ok: false, error: { code: 'unauthenticated', key: 'unauthenticated' } })
  expect(await walk.movedOn({ code: 'unauthenticated', key: 'unauthenticated' })).toBe(true)
  expect(walk.step).toBe('start')
})

test('how a domain signs in is asked once, when the address is whole', async () => {
  vi.useFakeTimers()
  hubSays({ ok: true, data: { domain: 'example.org', ways: [{ kind: 'saml', id: 'x', label: 'Company', path: '/auth/saml/x/login' }] } })
  const ways = new Ways()
  for (const typed of ['m', 'mara@', 'mara@example', 'mara@example.org']) ways.look(typed)
  expect(ways.hasPassword).toBe(true)
  await vi.runAllTimersAsync()
  expect(ways.hasPassword).toBe(false)
  expect(ways.elsewhere.map(({ label }) => label)).toEqual(['Company'])
  ways.look('mara')
  expect(ways.hasPassword).toBe(true)
  ways.look('tom@example.org')
  await vi.runAllTimersAsync()
  expect(asked).toEqual(['/api/auth.ways'])
  expect(domainOf('mara@Example.org ')).toBe('example.org')
})
