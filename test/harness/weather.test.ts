import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { until } from '@atrium/platform/testing'
import { weather, type Weather } from './weather.ts'

let echo: WebSocketServer
let sky: Weather
let socket: WebSocket
let heard: string[]

beforeEach(async () => {
  echo = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await once(echo, 'listening')
  echo.on('connection', (peer) => peer.on('message', (text) => peer.send(`${text}`)))
  sky = await weather(`http://127.0.0.1:${(echo.address() as AddressInfo).port}`)
  socket = new WebSocket(sky.url.replace('http', 'ws'), { perMessageDeflate: false })
  heard = []
  socket.on('message', (text) => heard.push(`${text}`)).on('error', () => {})
  await once(socket, 'open')
})
afterEach(async () => {
  socket.terminate()
  await sky.stop()
  echo.close()
})

const hears = (...texts: string[]) => until(`the socket hears ${texts}`, () => heard.join() === texts.join())

test('one frame is lost, up or down, and its neighbours pass', async () => {
  const lostUp = sky.dropFrame('up', (text) => text === 'b')
  const lostDown = sky.dropFrame('down', (text) => text.startsWith('dd'))
  for (const text of ['a', 'b', 'c', 'd'.repeat(70_000), 'e'.repeat(300)]) socket.send(text)

  await hears('a', 'c', 'e'.repeat(300))
  assert.equal(await lostUp, 'b')
  assert.equal((await lostDown).length, 70_000)
  assert.equal(sky.counts.dropped, 2)
})

test('while stalled nothing passes and the socket is not told; afterwards all of it comes in order', async () => {
  sky.stall()
  socket.send('a')
  socket.send('b')
  await until('the relay has the bytes and the socket has sent them', () => socket.bufferedAmount === 0)
  assert.deepEqual(heard, [])
  assert.equal(socket.readyState, WebSocket.OPEN)
  sky.resume()
  await hears('a', 'b')
})

test('a cut resets both ends; while closed, nobody gets in', async () => {
  const [peer] = echo.clients
  const ended = Promise.all([once(socket, 'close'), once(peer!, 'close')])
  sky.close()
  await ended
  assert.equal(sky.counts.cuts, 1)
  const late = new WebSocket(sky.url.replace('http', 'ws'))
  await assert.rejects(once(late, 'open'))
  sky.resume()
  const back = new WebSocket(sky.url.replace('http', 'ws'))
  await once(back, 'open')
  back.terminate()
})
