import { beforeEach, expect, test } from 'vitest'
import { serveShell } from './service-worker.ts'
import { takeOver } from './words.ts'

const origin = 'https://hub.example.org'
const shell = { version: '7', immutable: ['/_app/immutable/entry/start.js', '/_app/immutable/chunks/late.js'], assets: ['/icon.svg'] }

/** The browser's side: caches, a network that can be cut, and events sent to the worker. */
class Browser {
  stores = new Map<string, Map<string, string>>()
  asked: string[] = []
  isOnline = true
  hasTakenOver = false
  #listeners = new Map<string, (event: unknown) => void>()

  start() {
    const path = (request: string | Request) => new URL(typeof request === 'string' ? request : request.url, origin).pathname
    const get = async (request: string | Request) => {
      this.asked.push(path(request))
      if (!this.isOnline) throw new TypeError('no network')
      return new Response(`network ${path(request)}`)
    }
    const hit = (text: string | undefined) => (text === undefined ? undefined : new Response(text))
    const open = async (name: string) => {
      const store = this.stores.get(name) ?? new Map<string, string>()
      this.stores.set(name, store)
      return {
        addAll: async (paths: string[]) =>
          void (await Promise.all(paths.map(async (one) => store.set(one, await (await get(one)).text())))),
        match: async (request: Request) => hit(store.get(path(request))),
        put: async (request: Request, response: Response) => void store.set(path(request), await response.text()),
      }
    }
    Object.assign(globalThis, {
      fetch: get,
      caches: {
        open,
        keys: async () => [...this.stores.keys()],
        delete: async (name: string) => this.stores.delete(name),
        match: async (request: string, { cacheName }: { cacheName: string }) => hit(this.stores.get(cacheName)?.get(path(request))),
      },
    })
    const worker = {
      location: { origin },
      addEventListener: (name: string, listener: (event: unknown) => void) => this.#listeners.set(name, listener),
      skipWaiting: async () => void (this.hasTakenOver = true),
    }
    serveShell(worker as never, shell)
  }

  async send(name: string, more: object = {}): Promise<void> {
    const waits: Promise<unknown>[] = []
    this.#listeners.get(name)!({ waitUntil: (promise: Promise<unknown>) => waits.push(promise), ...more })
    await Promise.all(waits)
  }

  /** What the worker answers; undefined: it leaves the request to the browser. */
  async ask(path: string, { mode = 'cors', method = 'GET' } = {}): Promise<string | undefined> {
    let answer: Promise<Response> | undefined
    const request = { url: new URL(path, origin).href, mode, method }
    this.#listeners.get('fetch')!({ request, respondWith: (promise: Promise<Response>) => (answer = promise), waitUntil: () => {} })
    return answer && (await answer).text()
  }
}

let browser: Browser
beforeEach(async () => {
  browser = new Browser()
  browser.start()
  await browser.send('install')
})

test('it keeps the shell, and files that come later once they were asked for', async () => {
  expect([...browser.stores.get('shell-7')!.keys()].sort()).toEqual(['/', '/_app/immutable/entry/start.js', '/icon.svg'])
  await browser.ask('/_app/immutable/chunks/late.js')
  browser.isOnline = false
  expect(await browser.ask('/_app/immutable/chunks/late.js')).toBe('network /_app/immutable/chunks/late.js')
})

test('a page comes from the network, and without one it is the shell', async () => {
  expect(await browser.ask('/r/0199', { mode: 'navigate' })).toBe('network /r/0199')
  browser.isOnline = false
  expect(await browser.ask('/r/0199', { mode: 'navigate' })).toBe('network /')
})

test.each(['/api/directory.me', '/auth/oidc/0199/callback', '/picture/0199', '/upload/ticket', '/export', '/socket.io/', '/metrics'])(
  '%s is never answered by it',
  async (path) => {
    expect(await browser.ask(path)).toBeUndefined()
    expect(await browser.ask(path, { mode: 'navigate' })).toBeUndefined()
  },
)

test('what changes something and what belongs to others is left alone', async () => {
  expect(await browser.ask('/icon.svg', { method: 'POST' })).toBeUndefined()
  expect(await browser.ask('https://elsewhere.org/icon.svg')).toBeUndefined()
})

test('an older shell goes when the new one takes over, and only when somebody says so', async () => {
  browser.stores.set('shell-6', new Map())
  browser.stores.set('somebody-elses', new Map())
  expect(browser.hasTakenOver).toBe(false)
  await browser.send('message', { data: takeOver })
  expect(browser.hasTakenOver).toBe(true)
  await browser.send('activate')
  expect([...browser.stores.keys()].sort()).toEqual(['shell-7', 'somebody-elses'])
})
