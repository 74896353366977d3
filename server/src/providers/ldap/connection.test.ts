import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as dial, createServer, type AddressInfo } from 'node:net'
import { test } from 'vitest'
import { connected, type LdapSettings } from './connection.ts'
import { synchronised } from './synchronising.ts'
import { Trouble } from './trouble.ts'

/** A server that says the same whatever it is asked. */
async function saying(answer: Buffer) {
  const door = createServer((client) => client.on('error', () => {}).on('data', () => client.write(answer)))
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  const { port } = door.address() as AddressInfo
  const settings = { url: `ldap://127.0.0.1:${port}`, startTls: false, authority: null, preset: 'openldap' } as LdapSettings
  const reach = { outgoing: { connection: async () => dial(port, '127.0.0.1') }, mayGoInside: true, timeoutMs: 500 }
  return { settings, reach, [Symbol.asyncDispose]: async () => void door.close() }
}
const hex = (...parts: string[]) => Buffer.from(parts.join('').replaceAll(' ', ''), 'hex')

/** The end of a search or of a bind, and its controls. */
const ending = (operation: string, controls: string) => {
  const done = `${operation} 07 0a0100 0400 0400`
  const size = (text: string) => hex(text).length.toString(16).padStart(2, '0')
  const whole = `020101 ${done} a0 ${size(controls)} ${controls}`
  return hex(`30 ${size(whole)} ${whole}`)
}

test('a length that would lead back to what was read already ends the connection, and keeps nobody busy', async () => {
  // As a number with a sign it is eight less than nothing: a control that begins where it began.
  await using after = await saying(ending('65', '30 84 fffffffa 0400'))
  const ldap = await connected({ ...after.settings, bindDn: '' }, null, after.reach)
  await assert.rejects(synchronised(ldap, 'dc=example', '(a=b)', '20260101000000.000000Z#000000#000#000000'), Trouble)
  ldap.close()

  // The same for the library, at the first word that a server says: back to an empty text, and on to the same control.
  await using first = await saying(ending('61', '30 04 0400 0400 30 84 fffffff0 04 84 fffffff2'))
  await assert.rejects(connected({ ...first.settings, bindDn: 'cn=us' }, 'secret', first.reach), Trouble)
})
