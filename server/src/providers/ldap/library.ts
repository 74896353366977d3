import { longestAnswer, longestMessage, wholeMessages } from './messages.ts'
import { Trouble } from './trouble.ts'

let loaded: Promise<typeof import('ldapts')> | undefined

/** What the library waits for, as it hands it to its parser. */
type Asked = Map<string, { reject?: (error: Error) => void; socket?: { destroy(): void } }>
interface Reading extends ReturnType<typeof wholeMessages> {
  /** Of the answer that is coming. */
  bytes: number
  isOver: boolean
}

/**
 * The library, which is loaded when somebody uses LDAP. It believes what a server says of lengths, so two things are looked at before:
 * it takes a length of four bytes for a number with a sign, and one below nothing would lead its reader, and ours, back to what was read
 * already, round and round, and nobody else would be served any more; and it keeps what comes until there is all of it, and copies it
 * with every piece, so what is announced too long, or never ends, is not kept at all.
 */
export const library = (): Promise<typeof import('ldapts')> =>
  (loaded ??= import('ldapts').then((ldapts) => {
    guardLengths(ldapts)
    guardMessages(ldapts)
    return ldapts
  }))

function guardLengths({ BerReader, InvalidAsn1Error }: typeof import('ldapts')): void {
  const readLength = BerReader.prototype.readLength
  BerReader.prototype.readLength = function (this: InstanceType<typeof BerReader>, from?: number) {
    const behind = readLength.call(this, from)
    if (this.length < 0) throw new InvalidAsn1Error('A length below nothing')
    return behind
  }
}

function guardMessages({ MessageParser }: typeof import('ldapts')): void {
  const readings = new WeakMap<InstanceType<typeof MessageParser>, Reading>()
  const { read } = MessageParser.prototype
  MessageParser.prototype.read = function (this: InstanceType<typeof MessageParser>, data, asked) {
    const reading = readings.get(this) ?? { ...wholeMessages(longestMessage), bytes: 0, isOver: false }
    readings.set(this, reading)
    if (reading.isOver) return
    try {
      for (const message of reading.take(data)) {
        reading.bytes += message.length
        if (reading.bytes > longestAnswer) throw new Trouble('tooLong', `an answer of more than ${longestAnswer} bytes`)
        read.call(this, message, asked)
        if (asked.size === 0) reading.bytes = 0
      }
    } catch (error) {
      reading.isOver = true
      for (const [key, { reject, socket }] of asked as unknown as Asked) {
        asked.delete(key)
        reject?.(error as Error)
        socket?.destroy()
      }
    }
  }
}
