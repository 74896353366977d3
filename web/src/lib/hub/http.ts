import type { Draft, Failure, Hub, OperationName, Output, Reply } from '@atrium/protocol'

/** Operations over plain HTTP: what sets or ends the session's cookie, and everything before anybody is signed in. */
export type HubReply<K extends OperationName<Hub>> = Reply<Output<Hub, K>>
type Named<Kind> = { [K in OperationName<Hub>]: Hub[K]['kind'] extends Kind ? K : never }[OperationName<Hub>]
export type QueryName = Named<'query'>
export type CommandName = Named<'command'>

const away: Failure = { code: 'unavailable', key: 'unavailable' }
const patienceMs = 15_000

/** A refusal is a reply like any other; silence, and what is not from the hub at all, become `unavailable`. */
async function fetched<T>(path: string, init: RequestInit): Promise<Reply<T>> {
  try {
    const response = await fetch(path, { credentials: 'same-origin', signal: AbortSignal.timeout(patienceMs), ...init })
    return (await response.json()) as Reply<T>
  } catch {
    return { ok: false, error: away }
  }
}

export const get = <K extends QueryName>(name: K, draft: Draft<Hub, K>): Promise<HubReply<K>> =>
  fetched(`/api/${name}?input=${encodeURIComponent(JSON.stringify(draft))}`, { headers: { accept: 'application/json' } })

export const post = <K extends CommandName>(name: K, draft: Draft<Hub, K>): Promise<HubReply<K>> =>
  fetched(`/api/${name}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(draft) })
