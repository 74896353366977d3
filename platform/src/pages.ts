import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { RequestHandler, Response } from 'express'

const page = '/200.html'
const encodings = { br: '.br', gzip: '.gz' } as const
type Encoding = keyof typeof encodings

/**
 * Serves the built web client: files as they were compressed when it was built, and for every other address the one
 * page whose script then shows what belongs there. Only what lay in the folder at the start is served, so no
 * address can lead out of it.
 */
export async function pages(dir: string): Promise<RequestHandler> {
  const files = await filesIn(dir)
  if (!files.has(page))
    return (_request, response) => void response.status(503).type('text').send('The web client is not built yet: run `npm run build`.\n')
  const policy = policyOf(await readFile(join(dir, page), 'utf8'))

  return (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next()
    const path = pathOf(request.path)
    const file = files.has(path) ? path : isAddress(path) ? page : undefined
    if (file === undefined) return next()

    response.set('content-security-policy', policy)
    response.set('cache-control', file.startsWith('/_app/immutable/') ? 'public, max-age=31536000, immutable' : 'no-cache')
    // Browsers list gzip first and mean no preference by it.
    const available = files.get(file)!
    const encoding = (['br', 'gzip'] as const).find((name) => available.has(name) && request.acceptsEncodings(name))
    if (available.size > 0) response.vary('accept-encoding')
    response.type(file.slice(file.lastIndexOf('.')))
    if (encoding) response.set('content-encoding', encoding)
    send(response, `${file}${encoding ? encodings[encoding] : ''}`, dir, next)
  }
}

function send(response: Response, file: string, root: string, next: (error?: unknown) => void) {
  response.sendFile(file, { root, cacheControl: false, dotfiles: 'allow' }, (error) => {
    // Who closed the page while it came wants no answer.
    if (error && !response.headersSent) next(error)
  })
}

/** What a person can open: no file, and nothing that programs ask for. */
const isAddress = (path: string) => !/^\/(_app|api)(\/|$)/.test(path) && !path.slice(path.lastIndexOf('/')).includes('.')

function pathOf(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

async function filesIn(dir: string): Promise<Map<string, Set<Encoding>>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => [])
  const names = new Set(
    entries.filter((entry) => entry.isFile()).map((entry) => `/${relative(dir, join(entry.parentPath, entry.name)).split(sep).join('/')}`),
  )
  const isVariant = (name: string) =>
    Object.values(encodings).some((suffix) => name.endsWith(suffix) && names.has(name.slice(0, -suffix.length)))
  const compressed = (name: string) => (Object.keys(encodings) as Encoding[]).filter((encoding) => names.has(name + encodings[encoding]))
  return new Map([...names].filter((name) => !isVariant(name)).map((name) => [name, new Set(compressed(name))]))
}

/** What the page may do. Inline scripts and styles are allowed one by one, by the hash of what was built. */
function policyOf(html: string): string {
  const inline = (tag: string) =>
    [...html.matchAll(new RegExp(`<${tag}(?![^>]*\\ssrc=)[^>]*>([\\s\\S]*?)</${tag}>`, 'gi'))].map(
      ([, text]) => `'sha256-${createHash('sha256').update(text!).digest('base64')}'`,
    )
  return [
    "default-src 'none'",
    ["script-src 'self'", ...inline('script')].join(' '),
    ["style-src 'self'", ...inline('style')].join(' '),
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}
