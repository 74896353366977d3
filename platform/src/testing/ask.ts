import { request, type IncomingHttpHeaders, type RequestOptions } from 'node:http'
import { request as secureRequest } from 'node:https'
import { buffer } from 'node:stream/consumers'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
  text: string
}

/** One HTTP request with exactly the headers given, as no browser and no `fetch` would send it. An upgrade answers 101. */
export async function ask(
  url: string,
  { body, ...options }: RequestOptions & { body?: string | Buffer; ca?: string } = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const send = url.startsWith('https:') ? secureRequest : request
  const asking = send(url, { agent: false, ...options })
  asking.on('error', reject)
  asking.on('upgrade', (response, socket) => {
    socket.destroy()
    resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.alloc(0), text: '' })
  })
  asking.on('response', (response) => {
    buffer(response).then(
      (bytes) => resolve({ status: response.statusCode!, headers: response.headers, body: bytes, text: bytes.toString() }),
      reject,
    )
  })
  asking.end(body)
  return promise
}
