// Hocuspocus alone, in one thread and without storage: what our documents are measured against.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Hocuspocus } from '@hocuspocus/server'
import { WebSocketServer } from 'ws'

const hub = new Hocuspocus({ quiet: true, onAuthenticate: async () => ({}) })
const doors = new WebSocketServer({ noServer: true, perMessageDeflate: false })
const server = createServer()
server.on('upgrade', (request, stream, head) =>
  doors.handleUpgrade(request, stream, head, (socket) => {
    const peer = hub.handleConnection(socket as never, new Request('http://documents/'))
    socket.on('message', (bytes: Buffer) => peer.handleMessage(new Uint8Array(bytes)))
    socket.on('close', (code, reason) => peer.handleClose({ code, reason: reason.toString() }))
  }),
)
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }))
process.on('message', () => process.exit(0))
