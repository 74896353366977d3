import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { fail, Refusal, statusOf, type Actor } from '@atrium/platform'
import { refuseUpgrade, type Http, type Upgrade } from '@atrium/platform/http'
import { passUpgrade } from '@atrium/platform/outgoing.upgrades'
import { isUuid, type DocumentGreeting, type FileId } from '@atrium/protocol'
import type { Papers } from '../documents/index.ts'
import { forwarded } from './documents.ts'
import { signedIn } from './http.ts'

const pathOfFile = /^\/yws\/([^/?]+)/

/**
 * Standard `y-websocket` clients, who know no tickets: their session is looked at here, and the node that has the document is
 * greeted in their name. What follows is passed on byte by byte.
 */
export function yWebsocketPassage({
  http,
  actorOf,
  admit,
  doorOf,
}: {
  http: Pick<Http, 'upgrade' | 'sourceOf' | 'originOf'>
  actorOf: (request: IncomingMessage) => Promise<Actor | undefined>
  admit: Papers['admit']
  doorOf: (node: string) => Promise<string | undefined>
}): () => void {
  const pass: (...upgraded: Parameters<Upgrade>) => Promise<void> = async (request, socket, head) => {
    const fileId = pathOfFile.exec(request.url ?? '')?.[1]?.toLowerCase() as FileId | undefined
    if (fileId === undefined || !isUuid(fileId)) throw fail('not_found', 'documents.noSuchDocument')
    const actor = await signedIn(actorOf, request)
    const { node, ticket } = await admit(actor, fileId)
    const door = await doorOf(node.name)
    const seen = forwarded(http, request)
    if (door === undefined || !seen) throw fail('unavailable', 'unavailable')
    const greeting: DocumentGreeting = { fileId, ticket, speaks: 'y-websocket' }
    passUpgrade(door, { request, socket, head }, seen, { path: `/collab/${node.name}`, first: frameOf(JSON.stringify(greeting)) })
  }

  return http.upgrade(
    '/yws',
    (...upgraded) =>
      void pass(...upgraded).catch((error: unknown) => {
        const status = error instanceof Refusal ? statusOf[error.failure.code] : 502
        refuseUpgrade(upgraded[1], `${status} ${error instanceof Refusal ? error.failure.code : 'bad_gateway'}`)
      }),
  )
}

/** One text message of a client, as RFC 6455 5.2 wants it: masked. */
function frameOf(text: string): Buffer {
  const words = Buffer.from(text)
  const mask = randomBytes(4)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(words.length)
  return Buffer.concat([Buffer.of(0x81, 0x80 | 126), length, mask, words.map((byte, i) => byte ^ mask[i % 4]!)])
}
