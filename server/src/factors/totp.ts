import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { stepAt, toleratedSteps } from './rules.ts'

/** RFC 4226 asks for 160 bits. */
export const newTotpSecret = (): Buffer => randomBytes(20)

/** RFC 4226 5.3. */
export function hotp(secret: Buffer, counter: number, digits = 6): string {
  const message = Buffer.alloc(8)
  message.writeBigUInt64BE(BigInt(counter))
  const mac = createHmac('sha1', secret).update(message).digest()
  const offset = mac.at(-1)! & 0x0f
  const number = (mac.readUInt32BE(offset) & 0x7fff_ffff) % 10 ** digits
  return String(number).padStart(digits, '0')
}

/** The step that a code belongs to, if to one that is near enough. All are compared, whichever fits. */
export function stepOf(secret: Buffer, code: string, now: Date): number | undefined {
  const given = Buffer.from(code)
  const steps = toleratedSteps.map((away) => stepAt(now) + away)
  const fitting = steps.filter((step) => {
    const expected = Buffer.from(hotp(secret, step))
    return expected.length === given.length && timingSafeEqual(expected, given)
  })
  return fitting[0]
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
/** RFC 4648 6, without padding: authenticators want none. */
export function base32(bytes: Buffer): string {
  let text = ''
  let [bits, value] = [0, 0]
  for (const byte of bytes) {
    value = (value << 8) | byte
    for (bits += 8; bits >= 5; bits -= 5) text += letters[(value >>> (bits - 5)) & 31]
    value &= 0xff
  }
  return bits > 0 ? text + letters[(value << (5 - bits)) & 31] : text
}
export function fromBase32(text: string): Buffer {
  const bytes: number[] = []
  let [bits, value] = [0, 0]
  for (const letter of text) {
    value = ((value << 5) | letters.indexOf(letter)) & 0xfff
    bits += 5
    if (bits >= 8) bytes.push((value >>> (bits -= 8)) & 0xff)
  }
  return Buffer.from(bytes)
}

/** What a QR code says to an authenticator. */
export function uriOf(secret: Buffer, { issuer, address }: { issuer: string; address: string }): string {
  const label = `${encodeURIComponent(issuer.replaceAll(':', ' '))}:${encodeURIComponent(address)}`
  return `otpauth://totp/${label}?${new URLSearchParams({ secret: base32(secret), issuer, algorithm: 'SHA1', digits: '6', period: '30' }).toString().replaceAll('+', '%20')}`
}
