import { createHash } from 'node:crypto'
import { readFile, readdir, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { RequestHandler, Response } from 'express'

const page = '/200.html'
const encodings = { br: '.br', gzip: '.gz' } as const
type Encoding = keyof typeof encodings

interface Built {
  files: Map<string, Set<Encoding>>
  policy: string
  /** When the page and the build were finished. */
  stamp: string
}

/**
 * Serves the built web client: files as they were compressed when it was built, and for every other address the one
 * page whose script then shows what belongs there. Only what was found in the folder is served, so no address can lead
 * out of it.
 */
export async function pages(dir: string): Promise<RequestHandler> {
  let built = await builtIn(dir)

  /** Another start from the same checkout may build anew beneath us: its page needs its own policy and its own files. */
  async function newest(): Promise<Built> {
    if ((await stampOf(dir)) !== built.stamp) built = await builtIn(dir)
    return built
  }

  return async (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next()
    const path = pathOf(request.path)
    const { files, policy } = built.files.has(path) && path !== page ? built : await newest()
    const file = files.has(path) ? path : isAddress(path) ? page : undefined
    if (file === undefined) return next()
    if (!files.has(file)) {
      response.status(503).set('retry-after', '5').type('text')
      return void response.send('The web client is not built, or is being built: `npm start` does it, or `npm run build`.\n')
    }

    if (file.startsWith('/_app/immutable/')) {
      // Scripts and styles are read by a page, whose policy binds them: they need none of their own, and there are many.
      response.removeHeader('content-security-policy')
      response.removeHeader('permissions-policy')
      response.set('cache-control', 'public, max-age=31536000, immutable')
    } else {
      response.set('content-security-policy', policy)
      response.set('cache-control', 'no-cache')
    }
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

async function builtIn(dir: string): Promise<Built> {
  const stamp = await stampOf(dir)
  const files = await filesIn(dir)
  return { files, policy: files.has(page) ? policyOf(await readFile(join(dir, page), 'utf8')) : '', stamp }
}

/** `.sources` is written when a build is complete. */
async function stampOf(dir: string): Promise<string> {
  const times = await Promise.all(
    [page, '.sources'].map((name) =>
      stat(join(dir, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  )
  return times.join()
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
