import { longestAnswer, longestMessage, mostInAnswer, mostInMessage, wholeMessages } from './messages.ts'
import { Trouble } from './trouble.ts'

let loaded: Promise<typeof import('ldapts')> | undefined

/** What the library waits for, as it hands it to its parser. */
type Asked = Map<string, { reject?: (error: Error) => void; socket?: { destroy(): void } }>
interface Reading extends ReturnType<typeof wholeMessages> {
  /** Of the answer that is coming. */
  bytes: number
  pieces: number
  /** Of the message that is read. */
  piecesHere: number
  /** What is wrong with it: the library tells of that only whoever asked for it, and only if it knows who did. */
  fault: Trouble | undefined
  isOver: boolean
}
/** Whose pieces are counted: a message is read in one go. */
let reading: Reading | undefined

/**
 * The library, which is loaded when somebody uses LDAP. It believes what a server says of lengths, so they are looked at before. It takes
 * one of four bytes for a number with a sign, and one below nothing would lead its reader, and ours, back to what was read already; what
 * ends behind its message it looks for at the same place for ever: nobody else would be served any more. It keeps what comes until there
 * is all of it, and copies it with every piece, so what is announced too long, or never ends, is not kept at all; nor is what is short,
 * but of millions of pieces.
 */
export const library = (): Promise<typeof import('ldapts')> =>
  (loaded ??= import('ldapts').then((ldapts) => {
    guardLengths(ldapts)
    guardMessages(ldapts)
    return ldapts
  }))

function guardLengths({ BerReader }: typeof import('ldapts')): void {
  const readLength = BerReader.prototype.readLength
  BerReader.prototype.readLength = function (this: InstanceType<typeof BerReader>, from?: number) {
    const behind = readLength.call(this, from)
    const fault = faultOf(this, behind)
    if (!fault) return behind
    if (reading) reading.fault = fault
    throw fault
  }
}

type Measures = Pick<InstanceType<typeof import('ldapts').BerReader>, 'length' | 'offset' | 'remain'>
function faultOf({ length, offset, remain }: Measures, behind: number | null): Trouble | undefined {
  // Messages come whole, so no length is still to come.
  if (behind === null || length < 0 || behind + length > offset + remain) return new Trouble('other', 'a length that nothing has')
  if (reading && ++reading.piecesHere > mostInMessage) return new Trouble('tooLong', `a message of more than ${mostInMessage} pieces`)
  return undefined
}

function guardMessages({ MessageParser }: typeof import('ldapts')): void {
  const readings = new WeakMap<InstanceType<typeof MessageParser>, Reading>()
  const { read } = MessageParser.prototype
  MessageParser.prototype.read = function (this: InstanceType<typeof MessageParser>, data, asked) {
    const mine = readings.get(this) ?? {
      ...wholeMessages(longestMessage),
      bytes: 0,
      pieces: 0,
      piecesHere: 0,
      fault: undefined,
      isOver: false,
    }
    readings.set(this, mine)
    if (mine.isOver) return
    const waiting = [...(asked as unknown as Asked).values()]
    try {
      for (const message of mine.take(data)) {
        mine.bytes += message.length
        if (mine.bytes > longestAnswer) throw new Trouble('tooLong', `an answer of more than ${longestAnswer} bytes`)
        mine.piecesHere = 0
        reading = mine
        try {
          read.call(this, message, asked)
        } finally {
          reading = undefined
        }
        mine.pieces += mine.piecesHere
        if (mine.fault) throw mine.fault
        if (mine.pieces > mostInAnswer) throw new Trouble('tooLong', `an answer of more than ${mostInAnswer} pieces`)
        if (asked.size === 0) mine.bytes = mine.pieces = 0
      }
    } catch (error) {
      mine.isOver = true
      for (const { reject, socket } of waiting) {
        reject?.(error as Error)
        socket?.destroy()
      }
      asked.clear()
    }
  }
}
