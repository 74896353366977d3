/** What is shown of a certificate: whose it is, and when it is over. Whether it holds, the hub decides. */
export interface Shown {
  name: string
  endsAt: Date | undefined
}

const block = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----/g

/** As PEM, in lines of 64: what is within such lines, or the bare base64 that metadata has. */
export function pemOf(base64: string): string {
  const bare = base64.replaceAll(/\s+/g, '')
  return `-----BEGIN CERTIFICATE-----\n${(bare.match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`
}

/** All certificates in a text: PEM, or base64 alone. */
export function certificatesIn(text: string): string[] {
  const found = [...text.matchAll(block)].map(([, base64]) => pemOf(base64!))
  if (found.length > 0) return found
  const bare = text.replaceAll(/\s+/g, '')
  return /^MI[A-Za-z0-9+/]{100,}={0,2}$/.test(bare) ? [pemOf(bare)] : []
}

/** Of a file: text, or the bytes themselves (DER). */
export async function certificatesOf(file: Blob): Promise<string[]> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  if (bytes[0] === 0x30) return [pemOf(btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')))]
  return certificatesIn(new TextDecoder().decode(bytes))
}

interface Part {
  tag: number
  from: number
  to: number
}
function* partsOf(bytes: Uint8Array, from: number, to: number): Generator<Part> {
  for (let at = from; at + 2 <= to;) {
    const tag = bytes[at]!
    let length = bytes[at + 1]!
    let start = at + 2
    if (length & 0x80) {
      const count = length & 0x7f
      length = 0
      for (const byte of bytes.slice(start, start + count)) length = length * 256 + byte
      start += count
    }
    if (start + length > to) return
    yield { tag, from: start, to: start + length }
    at = start + length
  }
}

/** UTCTime has two digits of the year, GeneralizedTime four. */
function timeOf(bytes: Uint8Array, { tag, from, to }: Part): Date | undefined {
  const text = new TextDecoder().decode(bytes.slice(from, to))
  const [, year, ...rest] = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?Z$/.exec(text) ?? []
  if (!year) return undefined
  const whole = tag === 0x18 ? Number(year) : Number(year) + (Number(year) < 50 ? 2_000 : 1_900)
  const [month, day, hours, minutes, seconds] = rest.map(Number) as [number, number, number, number, number]
  return new Date(Date.UTC(whole, month - 1, day, hours, minutes, seconds || 0))
}

const commonName = [0x55, 0x04, 0x03]
const organisation = [0x55, 0x04, 0x0a]
function nameIn(bytes: Uint8Array, name: Part, wanted: readonly number[]): string | undefined {
  for (const set of partsOf(bytes, name.from, name.to))
    for (const pair of partsOf(bytes, set.from, set.to)) {
      const [id, value] = [...partsOf(bytes, pair.from, pair.to)]
      if (id && value && wanted.every((byte, at) => bytes[id.from + at] === byte) && id.to - id.from === wanted.length)
        return new TextDecoder().decode(bytes.slice(value.from, value.to))
    }
  return undefined
}

/** Reads as much of X.509 as a person wants to see. Undefined: it is none. */
export function shownOf(pem: string): Shown | undefined {
  try {
    const bytes = Uint8Array.from(atob(pem.replaceAll(/-----[^-]+-----|\s+/g, '')), (sign) => sign.charCodeAt(0))
    const [whole] = [...partsOf(bytes, 0, bytes.length)]
    const [body] = [...partsOf(bytes, whole!.from, whole!.to)]
    const parts = [...partsOf(bytes, body!.from, body!.to)].filter(({ tag }) => tag !== 0xa0)
    // Its number, the signature's kind, who signed, from when to when, whose it is.
    const [, , , validity, subject] = parts
    const [, end] = [...partsOf(bytes, validity!.from, validity!.to)]
    return {
      name: nameIn(bytes, subject!, commonName) ?? nameIn(bytes, subject!, organisation) ?? '',
      endsAt: end && timeOf(bytes, end),
    }
  } catch {
    return undefined
  }
}
