import { takeOver } from './words.ts'

/** What the page's part of a build brings: `$app/manifest` and `$app/env` of the web client. */
export interface Shell {
  version: string
  /** Addresses of hashed files, which never change under their name. */
  immutable: readonly string[]
  /** Addresses of the files beside them: icons, the manifest. */
  assets: readonly string[]
}

const prefix = 'shell-'
/** Where every page begins. The hub answers it for any address of the client. */
const startPage = '/'
/** Answered by the hub, at this moment and for this person: never kept, never answered from memory. */
const isLive = (path: string) => /^\/(api|auth|picture|upload|export|source|socket\.io|collab|livez|readyz|metrics)(\/|$)/.test(path)

/**
 * Keeps the shell, so that the client opens without a network, and nothing else. Pages come from the network while there
 * is one: whoever reloads gets the newest. A new worker waits until somebody says that it may take over.
 */
export function serveShell(worker: ServiceWorkerGlobalScope, { version, immutable, assets }: Shell): void {
  const name = prefix + version
  const kept = new Set(immutable)
  const first = [startPage, ...assets, ...immutable.filter((path) => /\/(entry|nodes)\/|\.css$/.test(path))]

  worker.addEventListener('install', (event) => event.waitUntil(caches.open(name).then((cache) => cache.addAll(first))))

  worker.addEventListener('activate', (event) =>
    event.waitUntil(
      caches
        .keys()
        .then((names) =>
          Promise.all(names.filter((other) => other.startsWith(prefix) && other !== name).map((other) => caches.delete(other))),
        ),
    ),
  )

  worker.addEventListener('message', (event) => {
    if (event.data === takeOver) event.waitUntil(worker.skipWaiting())
  })

  async function shell(request: Request): Promise<Response> {
    const cache = await caches.open(name)
    const hit = await cache.match(request)
    if (hit) return hit
    const response = await fetch(request)
    if (response.ok) await cache.put(request, response.clone())
    return response
  }

  async function page(request: Request): Promise<Response> {
    try {
      return await fetch(request)
    } catch (error) {
      const start = await caches.match(startPage, { cacheName: name })
      if (start) return start
      throw error
    }
  }

  worker.addEventListener('fetch', (event) => {
    const { request } = event
    const { origin, pathname } = new URL(request.url)
    if (request.method !== 'GET' || origin !== worker.location.origin || isLive(pathname)) return
    if (request.mode === 'navigate') event.respondWith(page(request))
    else if (kept.has(pathname) || assets.includes(pathname)) event.respondWith(shell(request))
  })
}
