import type { BerReader as Reader } from 'ldapts'
import type { Ldap } from './connection.ts'
import { library } from './library.ts'

/** Content synchronisation (RFC 4533): its request, and what is said of entries, of many at once, and at the end. */
const oids = {
  request: '1.3.6.1.4.1.4203.1.9.1.1',
  state: '1.3.6.1.4.1.4203.1.9.1.2',
  done: '1.3.6.1.4.1.4203.1.9.1.3',
  info: '1.3.6.1.4.1.4203.1.9.1.4',
}
export const synchronisation = oids.request

const tags = { octets: 0x04, boolean: 0x01, sequence: 0x30, set: 0x31, controls: 0xa0, name: 0x80, value: 0x81 }
const operations = { entry: 0x64, done: 0x65, intermediate: 0x79 }
/** How what is said of many at once begins. */
const infos = { refreshPresent: 0xa2, idSet: 0xa3 }
const refreshOnly = 1
const deletedState = 3
/** The library waits for nothing meanwhile: no other message has this number. */
const messageId = 1

/** What became of the entries that somebody had at an earlier time: these were deleted, or all that are there. */
export type Synchronised = { deleted: Set<string> } | { all: Set<string> }

/**
 * What was deleted since a server was in this state, by `entryUUID`. Undefined: it does not say; it does not do that, or it has
 * forgotten what was then. Nothing follows from that.
 */
export async function synchronised(ldap: Ldap, base: string, filter: string, state: string): Promise<Synchronised | undefined> {
  const { BerReader, BerWriter, Control, FilterParser, SearchRequest } = await library()
  class SyncRequest extends Control {
    protected override writeControl(writer: InstanceType<typeof BerWriter>): void {
      const value = new BerWriter()
      value.startSequence()
      value.writeEnumeration(refreshOnly)
      value.writeString(cookieOf(state))
      value.endSequence()
      writer.writeBuffer(value.buffer, tags.octets)
    }
  }
  const request = new SearchRequest({
    ...{ messageId, baseDN: base, scope: 'sub', derefAliases: 'never', filter: FilterParser.parseString(filter), attributes: ['1.1'] },
    ...{ timeLimit: 0, controls: [new SyncRequest(oids.request, { critical: true })] },
  })

  const [deleted, there] = [new Set<string>(), new Set<string>()]
  const end = { code: -1, hasSaid: false, saidWhoIsThere: false }
  await ldap.exchange(request.write(), (message) => {
    const reader = new BerReader(message)
    reader.readSequence(tags.sequence)
    if (reader.readInt() !== messageId) return false
    const operation = reader.readSequence()
    const behind = reader.offset + reader.length
    if (operation === operations.intermediate) {
      const value = valueIn(reader, behind)
      if (value) ofMany(new BerReader(value))
      return false
    }
    if (operation === operations.done) end.code = reader.readEnumeration() ?? -1
    reader.offset = behind
    for (const control of controlsIn(reader)) {
      const value = new BerReader(control.value)
      value.readSequence(tags.sequence)
      if (control.type === oids.state && operation === operations.entry) {
        const its = value.readEnumeration() === deletedState ? deleted : there
        its.add(uuidOf(value.readString(tags.octets, true)))
      }
      if (control.type === oids.done && operation === operations.done) {
        if (value.peek() === tags.octets) value.readString(tags.octets, true)
        const deletes = value.peek() === tags.boolean && value.readBoolean()
        end.hasSaid = true
        end.saidWhoIsThere ||= !deletes
      }
    }
    return operation === operations.done
  })

  function ofMany(reader: Reader): void {
    const what = reader.readSequence()
    // Who was not named until here is not there; then comes what else was deleted.
    if (what === infos.refreshPresent) end.saidWhoIsThere = true
    if (what !== infos.idSet) return
    if (reader.peek() === tags.octets) reader.readString(tags.octets, true)
    const deletes = reader.peek() === tags.boolean && reader.readBoolean()
    reader.readSequence(tags.set)
    const behind = reader.offset + reader.length
    while (reader.offset < behind) (deletes ? deleted : there).add(uuidOf(reader.readString(tags.octets, true)))
  }

  if (end.code !== 0 || !end.hasSaid) return undefined
  return end.saidWhoIsThere ? { all: new Set([...there].filter((id) => !deleted.has(id))) } : { deleted }
}

/**
 * OpenLDAP takes for a cookie what it says of itself as `contextCSN`, server by server (slapd(8), option -c): so nothing else need be
 * kept, and whoever follows next goes on from there.
 */
function cookieOf(state: string): string {
  const serverOf = (csn: string) => csn.split('#')[2] ?? ''
  const csns = state.split(' ').sort((one, other) => serverOf(one).localeCompare(serverOf(other)))
  return `rid=000,csn=${csns.join(';')}`
}

function uuidOf(bytes: string | Buffer | null): string {
  if (!Buffer.isBuffer(bytes) || bytes.length !== 16) throw new TypeError('no UUID')
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function valueIn(reader: Reader, behind: number): Buffer | undefined {
  const name = reader.peek() === tags.name ? reader.readString(tags.name) : undefined
  return name === oids.info && reader.offset < behind ? (reader.readString(tags.value, true) as Buffer) : undefined
}

function* controlsIn(reader: Reader): Generator<{ type: string; value: Buffer }> {
  if (reader.peek() !== tags.controls) return
  reader.readSequence()
  const behind = reader.offset + reader.length
  while (reader.offset < behind) {
    if (reader.readSequence(tags.sequence) === null) throw new TypeError('no control')
    const end = reader.offset + reader.length
    const type = reader.readString() ?? ''
    if (reader.peek() === tags.boolean) reader.readBoolean()
    const value = reader.offset < end ? (reader.readString(tags.octets, true) as Buffer) : undefined
    reader.offset = end
    if (value) yield { type, value }
  }
}
