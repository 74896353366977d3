import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as dial, createServer, type AddressInfo } from 'node:net'
import { test } from 'vitest'
import { connected, type LdapSettings } from './connection.ts'
import { library } from './library.ts'
import { longestAnswer, longestMessage, mostInAnswer, mostInMessage, wholeMessages } from './messages.ts'
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

test('what says to be longer than its message, or breaks off within a length, is refused and not looked for again and again', async () => {
  const entry = (values: string) => `30 12 020101 64 0d 0401 78 30 08 30 06 0401 61 31 ${values}`
  const isOther = (error: unknown) => error instanceof Trouble && error.what === 'other'
  for (const values of ['7f 0400', '02 0401', '01 0400', '01 0482']) {
    await using search = await saying(hex(entry(values)))
    const ldap = await connected({ ...search.settings, bindDn: '' }, null, search.reach)
    await assert.rejects(ldap.find('dc=example', '(a=b)', ['cn']), isOther, values)
    ldap.close()
  }
})

const isTooLong = (error: unknown) => error instanceof Trouble && error.what === 'tooLong'

test('what is announced longer than any honest answer ends the connection at once, and is not kept', async () => {
  for (const announced of ['30 84 7fffffff 0201', '30 84 ffffffff', '30 84 02000000 0201']) {
    await using bind = await saying(hex(announced))
    await assert.rejects(connected({ ...bind.settings, bindDn: 'cn=us' }, 'secret', bind.reach), isTooLong, announced)
    await using search = await saying(hex(announced))
    const ldap = await connected({ ...search.settings, bindDn: '' }, null, search.reach)
    await assert.rejects(ldap.find('dc=example', '(a=b)', ['cn']), isTooLong, announced)
    ldap.close()
  }
  await using lengthless = await saying(hex('30 80 0201'))
  const isOther = (error: unknown) => error instanceof Trouble && error.what === 'other'
  await assert.rejects(connected({ ...lengthless.settings, bindDn: 'cn=us' }, 'secret', lengthless.reach), isOther)
})

test('an answer that goes on and on is ended, although each message of it is an honest one', async () => {
  const { BerWriter, MessageParser } = await library()
  const writer = new BerWriter()
  writer.startSequence()
  writer.writeInt(2)
  writer.startSequence(0x64)
  writer.writeString('cn=crew')
  writer.startSequence()
  writer.startSequence()
  writer.writeString('description')
  writer.startSequence(0x31)
  writer.writeBuffer(Buffer.alloc(8 * 2 ** 20, 'a'), 0x04)
  for (let i = 0; i < 5; i++) writer.endSequence()
  const entry = Buffer.from(writer.buffer)

  const ended: unknown[] = []
  const waiting = { message: {}, reject: (error: unknown) => ended.push(error), socket: { destroy: () => ended.push('closed') } }
  const asked = new Map([['2', waiting]]) as never
  const parser = new MessageParser()
  let entries = 0
  parser.on('message', () => entries++)
  for (let came = 0; came < 2 * longestAnswer; came += entry.length) parser.read(entry, asked)
  assert.equal(entries, Math.floor(longestAnswer / entry.length))
  assert.deepEqual([ended.length, isTooLong(ended[0]), ended[1]], [2, true, 'closed'])
})

/** An entry with so many values, none of which says anything. */
function entryOfNothing(values: number): Buffer {
  const of = (tag: number, ...parts: Buffer[]) => {
    const size = Buffer.alloc(4)
    size.writeUInt32BE(parts.reduce((all, { length }) => all + length, 0))
    return Buffer.concat([Buffer.from([tag, 0x84]), size, ...parts])
  }
  const attribute = of(0x30, hex('0408 783b62696e617279'), of(0x31, Buffer.alloc(2 * values, hex('0400'))))
  return of(0x30, hex('020102'), of(0x64, hex('0401 78'), of(0x30, attribute)))
}

test('what is short but of more pieces than any honest answer is ended before it has been read', async () => {
  const { MessageParser } = await library()
  for (const [values, times] of [
    [mostInMessage, 1],
    [mostInMessage / 2, 2 * (mostInAnswer / mostInMessage) + 2],
  ] as const) {
    const entry = entryOfNothing(values)
    const ended: unknown[] = []
    const socket = { destroy: () => ended.push('closed') }
    const asked = new Map([['2', { message: {}, reject: (error: unknown) => ended.push(error), socket }]])
    const parser = new MessageParser()
    let entries = 0
    parser.on('message', () => entries++)
    parser.on('error', () => {})
    for (let i = 0; i < times; i++) parser.read(entry, asked as never)
    assert.ok(entries < times, 'all was read')
    assert.deepEqual([ended.length, isTooLong(ended[0]), ended[1]], [2, true, 'closed'])
  }
})

test('messages come whole, in whatever pieces they come', () => {
  const messages = [hex('30 03 020101'), hex('30 81 80', '00'.repeat(128)), hex('30 83 012000', '07'.repeat(0x12000)), hex('30 00')]
  const all = Buffer.concat(messages)
  for (const size of [1, 2, 3, 5, 7, 130, 65_536, all.length]) {
    const reading = wholeMessages(longestMessage)
    const read: Buffer[] = []
    for (let i = 0; i < all.length; i += size) read.push(...reading.take(all.subarray(i, i + size)))
    assert.deepEqual(
      read.map((one) => one.toString('hex')),
      messages.map((one) => one.toString('hex')),
      `in pieces of ${size}`,
    )
  }
})
