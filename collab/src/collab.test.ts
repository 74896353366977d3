import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { WebSocket } from 'ws'
import { lostUpTo, newId, Refusal } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import type { AccountId, FileId, SessionId } from '@atrium/protocol'
import { documentNode, type DocumentNode } from './testing/index.ts'

let hub: DocumentNode
beforeAll(async () => {
  hub = await documentNode(inject('cluster'))
})
afterAll(() => hub.close())

const connect = (path = '/collab/collab-1') => new WebSocket(`${hub.url.replace('http', 'ws')}${path}`, { origin: hub.url })
const sign = async (fileId: FileId, node = hub.house.node.id) =>
  hub.house.tickets.sign('document', {
    ...{ accountId: newId() as AccountId, sessionId: newId() as SessionId },
    ...{ fileId, node, mode: 'write', asOf: await lostUpTo(hub.house.db) },
  })

/** Greets, and hears how it ends. */
async function endingOf(greeting: unknown): Promise<string> {
  const socket = connect()
  await once(socket, 'open')
  socket.send(typeof greeting === 'string' ? greeting : JSON.stringify(greeting))
  const [, reason] = (await once(socket, 'close')) as [number, Buffer]
  return reason.toString()
}

test('a document node is found by its lease and says what it is', async () => {
  assert.deepEqual(
    (await hub.house.placement.list('collab:')).map((lease) => lease.node),
    [hub.house.node.id],
  )
  const { node, service } = (await hub.house.bus.call('collab:collab-1', 'node.describe', {})) as { node: string; service: string }
  assert.deepEqual([node, service], [hub.house.node.id, 'collab'])
})

test('who has a ticket for the document is let in, on either wire', async () => {
  for (const speaks of ['hocuspocus', 'y-websocket'] as const) {
    const fileId = newId() as FileId
    const socket = connect()
    await once(socket, 'open')
    socket.send(JSON.stringify({ fileId, speaks, ticket: await sign(fileId) }))
    // Step 1 of somebody who has nothing.
    const asks = Buffer.from([0, 0, 1, 0])
    const address = Buffer.from(`\x24${fileId}`)
    socket.send(speaks === 'hocuspocus' ? Buffer.concat([address, asks]) : asks)
    const answers = await collected(socket, speaks === 'hocuspocus' ? 3 : 2)
    const frames = speaks === 'hocuspocus' ? answers.map((bytes) => bytes.subarray(address.length)) : answers
    // That it is in, what there is, and what the other side has.
    const kinds = frames.map(([kind, step]) => [kind, step])
    assert.deepEqual(kinds, [...(speaks === 'hocuspocus' ? [[2, 2]] : []), [0, 1], [0, 0]])
    socket.terminate()
  }
})

async function collected(socket: WebSocket, n: number): Promise<Buffer[]> {
  const bytes: Buffer[] = []
  socket.on('message', (data: Buffer) => bytes.push(data))
  await until(`${n} frames`, () => bytes.length >= n)
  return bytes
}

test('every other ticket is refused by name', async () => {
  const fileId = newId() as FileId
  const ticket = await sign(fileId)
  for (const greeting of [
    { fileId: newId(), ticket },
    { fileId, ticket: await sign(fileId, 'collab-1~another') },
    { fileId, ticket: 'x' },
    { fileId, ticket, more: 1 },
    { fileId },
    'rubbish',
    '',
  ])
    assert.equal(await endingOf(greeting), 'ticket_refused', JSON.stringify(greeting))
  const { text } = await hub.house.metrics.render()
  assert.match(text, /atrium_endings_total\{kind="document",reason="ticket_refused"\} 7/)
})

test('other pages and other nodes do not get in', async () => {
  for (const [path, origin] of [
    ['/collab/collab-1', 'http://evil.example'],
    ['/collab/collab-2', hub.url],
    ['/collab', hub.url],
  ] as const) {
    const socket = new WebSocket(`${hub.url.replace('http', 'ws')}${path}`, { origin })
    const [error] = (await once(socket, 'error')) as [Error]
    assert.match(error.message, /40[34]/)
  }
})

test('a node that drains says so to whoever is connected, and is found no more', async () => {
  const waiting = connect()
  await once(waiting, 'open')
  const closed = once(waiting, 'close') as Promise<[number, Buffer]>
  const { placement, bus } = hub.house
  const leases = until('its lease ends', async () => (await placement.list('collab:').catch(() => [])).length === 0)
  const stopping = hub.stop()
  assert.equal((await closed)[1].toString(), 'draining')
  await leases
  await stopping
  await assert.rejects(
    bus.call('collab:collab-1', 'node.describe', {}),
    (error) => error instanceof Refusal && error.failure.code === 'unavailable',
  )
})
