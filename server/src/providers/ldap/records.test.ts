import assert from 'node:assert/strict'
import { test } from 'vitest'
import { presets } from './presets.ts'
import { accountOf, groupOf } from './records.ts'

/** An entry as it comes over the line. */
function entry(values: Record<string, string | string[]>) {
  const all = (attribute: string) => [values[attribute] ?? []].flat()
  return { dn: 'uid=noor,dc=example', all, one: (attribute: string) => all(attribute)[0], bytes: () => undefined }
}

test('whatever somebody writes about themselves there, the database can store it', () => {
  const person = { entryUUID: 'n', mail: 'noor@saltmarsh.example', displayName: `${'x'.repeat(199)}😀`, title: 'Cox\0 of eight' }
  const { name, title } = accountOf(presets.openldap, entry(person), 'saltmarsh.example', new Date())!
  assert.ok(name.isWellFormed() && name.startsWith('xxx'))
  assert.equal(title, 'Cox of eight')

  const list = { zimbraId: 'c', mail: 'crew@saltmarsh.example', description: 'In boats,\nevery\0 Sunday' }
  const members = {
    zimbraMailForwardingAddress: ['Noor@Saltmarsh.example', 'a\0@b.example', 'x@y.example\r\nBcc: all@y.example', 'nobody'],
  }
  const group = groupOf(presets.zimbra, entry({ ...list, ...members }), 'saltmarsh.example')!
  assert.equal(group.description, 'In boats,\nevery  Sunday')
  assert.deepEqual(group.memberAddresses, ['noor@saltmarsh.example'])
})
