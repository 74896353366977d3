import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, test } from 'vitest'
import { notRun } from '@atrium/platform/testing/needs'
import { openFirefox, type FirefoxPage } from './bidi.ts'
import { firefoxProgram, patienceMs } from './browsers.ts'

// Neither what is hidden nor what stands in a field is called so.
const page = `<!doctype html><button hidden>Greet</button><textarea>Your name</textarea><label>Your name <input id="n"></label><button onclick="document.title = 'x'; out.textContent = 'Hello ' + n.value">Greet</button><p id="out"></p>`

if (!firefoxProgram()) notRun('Firefox', 'firefox-esr')
else {
  let server: Server
  let firefox: FirefoxPage
  beforeAll(async () => {
    server = createServer((_request, reply) => void reply.setHeader('content-type', 'text/html').end(page)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    firefox = await openFirefox()
  }, 2 * patienceMs)
  afterAll(async () => {
    await firefox.close()
    server.close()
  })

  test('Firefox finds by role and name, types and clicks', { timeout: 2 * patienceMs }, async () => {
    await firefox.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    await firefox.fill('textbox', 'Your name', 'Ada')
    await firefox.click('button', 'Greet')
    await firefox.sees('Hello Ada')
  })
}
