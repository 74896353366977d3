import { BerReader, BerWriter } from 'ldapts'

/** What a liar answers who asks for deletions: these are gone, or a refusal. */
export interface Synchronised {
  deleted?: readonly string[]
  code?: number
}
const oid = '1.3.6.1.4.1.4203.1.9.1'
export const isSynchronising = (message: Buffer): boolean => message.includes(`${oid}.1`)

/** What follows on such a request. */
export function answerTo(request: Buffer, { deleted = [], code = 0 }: Synchronised): Buffer[] {
  const reader = new BerReader(request)
  reader.readSequence()
  const id = reader.readInt()!
  const refreshDeletes = new BerWriter()
  refreshDeletes.startSequence()
  refreshDeletes.writeBoolean(true)
  refreshDeletes.endSequence()
  return [
    ...(deleted.length > 0 ? [gone(id, deleted)] : []),
    message(id, (writer) => {
      writer.startSequence(0x65)
      writer.writeEnumeration(code)
      writer.writeString('')
      writer.writeString('')
      writer.endSequence()
      if (code !== 0) return
      writer.startSequence(0xa0)
      writer.startSequence()
      writer.writeString(`${oid}.3`)
      writer.writeBuffer(refreshDeletes.buffer, 0x04)
      writer.endSequence()
      writer.endSequence()
    }),
  ]
}

/** An intermediate response with a `syncIdSet` of those that were deleted. */
function gone(id: number, deleted: readonly string[]): Buffer {
  const value = new BerWriter()
  value.startSequence(0xa3)
  value.writeBoolean(true)
  value.startSequence(0x31)
  for (const uuid of deleted) value.writeBuffer(Buffer.from(uuid.replaceAll('-', ''), 'hex'), 0x04)
  value.endSequence()
  value.endSequence()
  return message(id, (writer) => {
    writer.startSequence(0x79)
    writer.writeString(`${oid}.4`, 0x80)
    writer.writeBuffer(value.buffer, 0x81)
    writer.endSequence()
  })
}

function message(id: number, write: (writer: BerWriter) => void): Buffer {
  const writer = new BerWriter()
  writer.startSequence()
  writer.writeInt(id)
  write(writer)
  writer.endSequence()
  return Buffer.from(writer.buffer)
}
