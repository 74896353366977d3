import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { person, type Person } from '../../server/src/testing/person.ts'

/** Somebody with nothing but the link of a meeting, at its door, with a page open. */
export async function guestOf({ origin }: { origin: string }, { slug }: { slug: string }, name: string): Promise<Person> {
  const browser = person({ origin, name, address: '', password: '' })
  const reply = await browser.overHttp('auth.guest', { clientId: randomUUID(), slug, name })
  assert.ok(reply.ok)
  const one = person({ origin, name, address: '', password: '', cookie: browser.cookie, accountId: reply.data.accountId })
  await one.connect()
  return one
}
