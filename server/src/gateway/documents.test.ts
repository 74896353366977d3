import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { answerInternal } from '@atrium/platform'
import { hub, type TestHub } from '../testing/hub.ts'

let here: TestHub
let leave: () => void
/** A node elsewhere that takes whoever comes. */
const node = createServer().on('upgrade', (_request, socket) =>
  socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nwelcome'),
)
beforeAll(async () => {
  here = await hub(inject('cluster'))
  node.listen(0, '127.0.0.1')
  await once(node, 'listening')
  const url = `http://127.0.0.1:${(node.address() as AddressInfo).port}`
  leave = answerInternal(here.house.bus, 'collab:elsewhere', { 'node.door': async () => ({ node: 'elsewhere', url }) })
})
afterAll(async () => {
  leave()
  node.close()
  await here.close()
})

/** All that is answered to an upgrade, whatever stands in it. */
async function answerTo(path: string, host: string): Promise<string> {
  const socket = connect(Number(new URL(here.origin).port), '127.0.0.1')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
  let said = ''
  for await (const piece of socket) said += String(piece)
  return said
}

test('a connection to a document is passed on to the node that has it', async () => {
  assert.match(await answerTo('/collab/elsewhere', 'localhost'), /^HTTP\/1\.1 101 [^]*welcome$/)
  assert.match(await answerTo('/collab/nowhere', 'localhost'), /^HTTP\/1\.1 503 /)
})

test('a request that names no host that there could be is refused, and is no end of the hub', async () => {
  for (const host of ['[', 'a b', 'x:99999', '%', '/'])
    assert.match(await answerTo('/collab/elsewhere', host), /^HTTP\/1\.1 (400|101) /, host)
  assert.match(await answerTo('/collab/elsewhere', 'localhost'), /^HTTP\/1\.1 101 /)
})
