const text = new TextDecoder('utf-8', { fatal: true })

interface Sign {
  type: string
  at?: number
  bytes: string
  /** What else stands there, as text, at a place. */
  and?: [at: number, text: string]
}
/** How a format begins, in Latin-1. The first that fits is it. */
const signs: Sign[] = [
  { type: 'image/png', bytes: '\x89PNG\r\n\x1a\n' },
  { type: 'image/jpeg', bytes: '\xff\xd8\xff' },
  { type: 'image/gif', bytes: 'GIF87a' },
  { type: 'image/gif', bytes: 'GIF89a' },
  { type: 'image/webp', bytes: 'RIFF', and: [8, 'WEBP'] },
  { type: 'image/avif', at: 4, bytes: 'ftypavi' },
  { type: 'image/heic', at: 4, bytes: 'ftyphei' },
  { type: 'image/heic', at: 4, bytes: 'ftypmif1' },
  { type: 'image/tiff', bytes: 'II*\0' },
  { type: 'image/tiff', bytes: 'MM\0*' },
  { type: 'image/bmp', bytes: 'BM' },
  { type: 'image/vnd.adobe.photoshop', bytes: '8BPS' },
  { type: 'audio/wav', bytes: 'RIFF', and: [8, 'WAVE'] },
  { type: 'video/x-msvideo', bytes: 'RIFF', and: [8, 'AVI '] },
  { type: 'audio/mpeg', bytes: 'ID3' },
  { type: 'audio/flac', bytes: 'fLaC' },
  { type: 'audio/ogg', bytes: 'OggS', and: [28, '\x01vorbis'] },
  { type: 'audio/ogg', bytes: 'OggS', and: [28, 'OpusHead'] },
  { type: 'video/ogg', bytes: 'OggS' },
  { type: 'audio/mp4', at: 4, bytes: 'ftypM4A' },
  { type: 'video/quicktime', at: 4, bytes: 'ftypqt' },
  { type: 'video/mp4', at: 4, bytes: 'ftyp' },
  { type: 'video/mpeg', bytes: '\0\0\x01\xba' },
  { type: 'application/pdf', bytes: '%PDF-' },
  { type: 'application/postscript', bytes: '%!PS' },
  { type: 'application/gzip', bytes: '\x1f\x8b' },
  { type: 'application/x-bzip2', bytes: 'BZh' },
  { type: 'application/x-xz', bytes: '\xfd7zXZ\0' },
  { type: 'application/zstd', bytes: '\x28\xb5\x2f\xfd' },
  { type: 'application/x-7z-compressed', bytes: '7z\xbc\xaf\x27\x1c' },
  { type: 'application/vnd.rar', bytes: 'Rar!\x1a\x07' },
  { type: 'application/x-tar', at: 257, bytes: 'ustar' },
  { type: 'application/vnd.ms-office', bytes: '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1' },
  { type: 'application/vnd.sqlite3', bytes: 'SQLite format 3\0' },
  { type: 'application/x-elf', bytes: '\x7fELF' },
  { type: 'application/vnd.microsoft.portable-executable', bytes: 'MZ' },
  { type: 'application/wasm', bytes: '\0asm' },
  { type: 'font/woff2', bytes: 'wOF2' },
  { type: 'font/woff', bytes: 'wOFF' },
  { type: 'application/rtf', bytes: '{\\rtf' },
]
/** A zip whose first entry says what it is. */
const zips: [text: string, type: string][] = [
  ['mimetypeapplication/vnd.oasis.opendocument.text', 'application/vnd.oasis.opendocument.text'],
  ['mimetypeapplication/vnd.oasis.opendocument.spreadsheet', 'application/vnd.oasis.opendocument.spreadsheet'],
  ['mimetypeapplication/vnd.oasis.opendocument.presentation', 'application/vnd.oasis.opendocument.presentation'],
  ['mimetypeapplication/epub+zip', 'application/epub+zip'],
  ['word/', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['xl/', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['ppt/', 'application/vnd.openxmlformats-officedocument.presentationml.presentation'],
]
/** Text that a browser or another program would run or draw. */
const markups: [RegExp, string][] = [
  [/^(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)*(<!doctype svg[^>]*>\s*)?<svg[\s>]/i, 'image/svg+xml'],
  [
    /^(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)*<(!doctype html|html|head|body|script|iframe|table|div|p|a|img|style|title|meta|link|h1|br)[\s>/]/i,
    'text/html',
  ],
  [/^<\?xml\s/i, 'application/xml'],
]

/** As much of a file as says what it is. */
export const headBytes = 4_100

/** What the bytes are, whatever somebody said or called them. What nobody knows are bytes. */
export function typeOf(head: Buffer): string {
  if (head.length === 0) return 'text/plain'
  const latin = head.toString('latin1')
  if (latin.startsWith('PK\x03\x04')) return zips.find(([sign]) => latin.includes(sign))?.[1] ?? 'application/zip'
  if (latin.startsWith('\x1aE\xdf\xa3')) return latin.includes('webm') ? 'video/webm' : 'video/x-matroska'
  const sign = signs.find(({ at = 0, bytes, and }) => latin.startsWith(bytes, at) && (!and || latin.startsWith(and[1], and[0])))
  if (sign) return sign.type
  if (head[0] === 0xff && (head[1]! & 0xe6) === 0xe2) return 'audio/mpeg'
  const words = textIn(head)
  if (words === undefined) return 'application/octet-stream'
  return markups.find(([sign]) => sign.test(words.trimStart()))?.[1] ?? 'text/plain'
}

/** Undefined for what is no text. The last character may be cut in two. */
function textIn(head: Buffer): string | undefined {
  // Tabs, line ends and page ends stand in texts; other control characters do not.
  if (head.some((byte) => byte < 32 && ![9, 10, 12, 13, 27].includes(byte))) return undefined
  for (let cut = 0; cut < 4 && cut < head.length; cut++)
    try {
      return text.decode(head.subarray(0, head.length - cut))
    } catch {
      if (head.length < headBytes) return undefined
    }
  return undefined
}
