import assert from 'node:assert/strict'
import { test } from 'vitest'
import { withAllValues, type Raw } from './ranges.ts'
import { Trouble } from './trouble.ts'

const dn = 'cn=everybody,dc=example'
const members = Array.from({ length: 4_000 }, (_, i) => `cn=${i},dc=example`)
/** As Active Directory says it. */
function part(from: number, atOnce: number): Raw {
  const to = from + atOnce >= members.length ? '*' : `${from + atOnce - 1}`
  return { dn, member: [], [`member;range=${from}-${to}`]: members.slice(from, from + atOnce) }
}
const from = (attribute: string): number => Number(/=(\d+)-\*$/.exec(attribute)![1])

test('what Active Directory says a part at a time is read to its end', async () => {
  const asked: string[] = []
  const entry = await withAllValues({ ...part(0, 1_500), cn: 'everybody' }, async (of, attribute) => {
    asked.push(`${of} ${attribute}`)
    return part(from(attribute), 1_500)
  })
  assert.deepEqual(entry, { dn, cn: 'everybody', member: members })
  assert.deepEqual(asked, [`${dn} member;range=1500-*`, `${dn} member;range=3000-*`])
  const small = { dn, cn: 'few', member: ['cn=1,dc=example'] }
  assert.deepEqual(await withAllValues(small, async () => assert.fail('nothing is asked for')), small)
})

test('who stops before the end, says less than they say, or the same again, says nothing', async () => {
  const lies: [what: string, first: Raw, next: (attribute: string) => Raw | undefined][] = [
    ['nothing more', part(0, 1_500), () => undefined],
    ['no member more', part(0, 1_500), () => ({ dn, member: [] })],
    ['the same again', part(0, 1_500), () => part(0, 1_500)],
    ['less than it says', { dn, 'member;range=0-1499': members.slice(0, 3) }, (attribute) => part(from(attribute), 1_500)],
    ['a part that ends before it begins', { dn, 'member;range=1-0': [members[0]] }, () => ({ dn, 'member;range=1-0': [] })],
  ]
  for (const [what, first, next] of lies)
    await assert.rejects(
      withAllValues(first, async (_, attribute) => next(attribute)),
      (error) => error instanceof Trouble && error.what === 'truncated',
      what,
    )
})
