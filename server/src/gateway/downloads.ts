import { pipeline } from 'node:stream/promises'
import type { Express, Request, Response } from 'express'
import type { Actor } from '@atrium/platform'
import type { Opened } from '../files/index.ts'
import { fromOurPages, signedIn, type Session } from './http.ts'
import type { Passages } from './passages.ts'

/** Files on their way out: parts of them too, never as a page of ours, and no longer than whoever reads them may. */
export function downloadDoor(
  app: Express,
  {
    actorOf,
    openTicket,
    passages,
  }: { actorOf: Session; openTicket: (actor: Actor, ticket: string) => Promise<Opened>; passages: Passages },
): void {
  app.get('/blob/:ticket', fromOurPages, async (request: Request<{ ticket: string }>, response) => {
    const [actor, seen] = [await signedIn(actorOf, request), passages.seen()]
    const opened = await openTicket(actor, request.params.ticket)
    response.set(headersOf(opened))
    if (request.headers['if-none-match'] === opened.etag) return void response.status(304).end()

    const range = rangeOf(request, opened)
    if (range === 'unsatisfiable') return void response.status(416).set('content-range', `bytes */${opened.bytes}`).end()
    response.status(range ? 206 : 200).set('content-length', `${range ? range.end - range.start + 1 : opened.bytes}`)
    if (range) response.set('content-range', `bytes ${range.start}-${range.end}/${opened.bytes}`)
    if (request.method === 'HEAD') return void response.end()

    const content = await opened.read(range)
    // Reset: what lies in buffers on its way is not delivered either.
    const passage = passages.open(actor, opened.fileId, () => request.socket.resetAndDestroy())
    try {
      // A right that was lost while we looked cut nothing yet.
      if (passages.seen() !== seen) await openTicket(actor, request.params.ticket)
      await sent(content, response)
    } finally {
      content.destroy()
      passage.close()
    }
  })
}

/** Who stops reading has had enough, and who was cut is told nothing more: that is no error. */
async function sent(content: NodeJS.ReadableStream, response: Response): Promise<void> {
  try {
    await pipeline(content, response)
  } catch (error) {
    if (!response.destroyed) throw error
  }
}

const headersOf = ({ name, type, inlineType, etag }: Opened): Record<string, string> => ({
  'content-type': inlineType ?? (isMarkup(type) ? 'application/octet-stream' : type),
  'content-disposition': dispositionOf(inlineType === undefined ? 'attachment' : 'inline', name),
  'content-security-policy': inlineType === 'application/pdf' ? pdfPolicy : policy,
  'accept-ranges': 'bytes',
  etag,
  // Asked for again each time, for the right to it may be lost; and sent as it is, for parts of it are counted.
  'cache-control': 'private, no-cache, no-transform',
})
/** Our own pages may frame what they show. A sandbox keeps browsers from showing PDF at all: their viewer is none of our pages. */
const policy = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
const pdfPolicy = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"

const isMarkup = (type: string) => /html|svg|xml|javascript/.test(type)

/** RFC 6266: a name that every program understands, and the real one. */
export function dispositionOf(kind: 'attachment' | 'inline', name: string): string {
  const plain =
    name
      .normalize('NFKD')
      .replaceAll(/[^\x20-\x7e]/g, '')
      .replaceAll(/["\\%]/g, '_')
      .trim() || 'file'
  const exact = encodeURIComponent(name).replaceAll(/['()*!]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
  return `${kind}; filename="${plain}"; filename*=UTF-8''${exact}`
}

/** The part that is asked for. Several parts at once, and what is no range, are answered with the whole. */
export function rangeOf(
  { headers }: Pick<Request, 'headers'>,
  { bytes, etag }: Pick<Opened, 'bytes' | 'etag'>,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const condition = headers['if-range']
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.range ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '') || (condition !== undefined && condition !== etag))
    return undefined
  const start = first === '' ? Math.max(0, bytes - Number(last)) : Number(first)
  const end = first === '' || last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1)
  if (last !== '' && first !== '' && Number(last) < Number(first)) return undefined
  return start >= bytes || (first === '' && Number(last) === 0) ? 'unsatisfiable' : { start, end }
}
