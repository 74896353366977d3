/**
 * Takes a byte stream apart into what a WebSocket sends, and leaves out the frames that `keeps` does not want. Bytes before
 * the upgrade, and of connections without one, pass as they are. Knows just enough of RFC 6455 for text without extensions.
 */
export function frames(keeps: (text: string) => boolean): (bytes: Buffer) => Buffer[] {
  let isSocket: boolean | undefined
  let rest = Buffer.alloc(0)

  return (bytes) => {
    if (isSocket === false) return [bytes]
    rest = Buffer.concat([rest, bytes])
    const passed: Buffer[] = []
    if (isSocket === undefined && rest.length > 0 && !/[A-Z]/.test(String.fromCharCode(rest[0]!))) {
      // No HTTP at all: Redis, or something under TLS.
      isSocket = false
      return [rest]
    }
    if (isSocket === undefined) {
      const end = rest.indexOf('\r\n\r\n')
      if (end < 0) return passed
      const head = rest.subarray(0, end + 4)
      isSocket = /^(HTTP\/1\.1 101|GET [^]*\r\nupgrade: websocket)/i.test(head.toString('latin1'))
      if (!isSocket) return [rest]
      passed.push(head)
      rest = rest.subarray(end + 4)
    }
    for (let frame = firstFrame(rest); frame; frame = firstFrame(rest)) {
      if (frame.opcode !== 1 || keeps(frame.text())) passed.push(rest.subarray(0, frame.length))
      rest = rest.subarray(frame.length)
    }
    return passed
  }
}

function firstFrame(bytes: Buffer) {
  if (bytes.length < 2) return undefined
  const opcode = bytes[0]! & 0x0f
  const isMasked = (bytes[1]! & 0x80) !== 0
  const short = bytes[1]! & 0x7f
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
  const maskAt = 2 + lengthBytes
  const bodyAt = maskAt + (isMasked ? 4 : 0)
  if (bytes.length < bodyAt) return undefined
  const size = lengthBytes === 2 ? bytes.readUInt16BE(2) : lengthBytes === 8 ? Number(bytes.readBigUInt64BE(2)) : short
  const length = bodyAt + size
  if (bytes.length < length) return undefined
  const text = () => {
    const body = Buffer.from(bytes.subarray(bodyAt, length))
    if (isMasked) for (let i = 0; i < body.length; i++) body[i]! ^= bytes[maskAt + (i % 4)]!
    return body.toString('utf8')
  }
  return { opcode, length, text }
}
