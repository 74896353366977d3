import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { contract, Scope, type Operation } from '@atrium/protocol'
import type { Through } from './dispatch.ts'
import { Refusal } from './errors.ts'
import { refuseUnreached } from './reach.ts'

const operations = Object.entries(contract).filter(([, { kind }]) => kind === 'query' || kind === 'command') as [string, Operation][]
const all = Scope.options
const everyday = all.filter((scope) => !scope.startsWith('administration:'))
function reached(through: Through): string[] {
  return operations.flatMap(([name, operation]) => {
    try {
      refuseUnreached(through, name, operation)
      return [name]
    } catch (error) {
      assert.ok(error instanceof Refusal)
      return []
    }
  })
}
const under = (names: readonly string[], ...words: string[]) => names.filter((name) => words.includes(name.split('.')[0]!))

describe('what a program reaches', () => {
  const script = (...scopes: Scope[]) => reached({ kind: 'script', scopes })
  test('never how somebody signs in, whatever it may otherwise', () => {
    for (const through of [
      { kind: 'script', scopes: all },
      { kind: 'application', scopes: all },
    ] as const) {
      const names = reached(through)
      assert.deepEqual(under(names, 'auth', 'setup', 'factors', 'tokens', 'me', 'mail'), [])
      for (const name of ['directory.account.delete', 'directory.person.add', 'directory.person.change', 'directory.person.invite'])
        assert.ok(!names.includes(name), name)
    }
  })

  test('nothing without a scope', () => assert.deepEqual(script(), ['hub.about']))

  test('what its scopes name: reading is not writing, and one slice is not another', () => {
    const reads = script('chat:read')
    assert.ok(reads.includes('chat.open') && reads.includes('search.messages'))
    assert.deepEqual(
      reads.filter((name) => name !== 'hub.about' && contract[name as keyof typeof contract].kind !== 'query'),
      [],
    )
    assert.deepEqual(under(reads, 'files', 'documents', 'meetings', 'directory'), [])
    assert.ok(script('chat:write').includes('chat.send') && !script('chat:write').includes('chat.open'))
    assert.ok(!script('files:read').some((name) => name.startsWith('chat.')))
  })

  test('the administration: a token that names it, and no application password', () => {
    const administrative = operations.flatMap(([name, { terms }]) => (terms.needs ? [name] : []))
    assert.ok(administrative.length > 50)
    assert.deepEqual(
      administrative.filter((name) => reached({ kind: 'application', scopes: all }).includes(name)),
      [],
    )
    assert.deepEqual(
      administrative.filter((name) => script(...everyday).includes(name)),
      [],
    )
    assert.deepEqual(
      administrative.toSorted(),
      administrative.filter((name) => script('administration:read', 'administration:write').includes(name)).toSorted(),
    )
    assert.ok(!script('administration:read').includes('accounts.create'))
  })
})

test('through another’s eyes nobody reaches their keys, nor what they administer', () => {
  const names = reached({ kind: 'administrator', accountId: '00000000-0000-0000-0000-000000000000' as never })
  assert.deepEqual(under(names, 'auth').toSorted(), ['auth.sessions', 'auth.signOut', 'auth.state'])
  assert.deepEqual(under(names, 'factors', 'tokens', 'grants', 'audit', 'providers', 'setup', 'mail'), [])
  assert.deepEqual(
    operations.flatMap(([name, { terms }]) => ((terms.needs || terms.confirmed) && names.includes(name) ? [name] : [])),
    [],
  )
  assert.ok(names.includes('chat.rooms') && names.includes('directory.me'))
})

test('in the middle of signing in nothing opens but what goes on with it, and what is open to anybody', () => {
  const names = reached({ kind: 'unfinished' })
  const expected = operations.flatMap(([name, { terms }]) => (terms.unfinished || terms.open ? [name] : []))
  assert.deepEqual(names, expected)
  assert.ok(!names.includes('directory.me') && names.includes('auth.totp') && names.includes('auth.signOut'))
})
