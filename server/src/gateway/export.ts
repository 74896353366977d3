import type { Express } from 'express'
import { fail, type Actor, type Throttle } from '@atrium/platform'
import { fromOurPages, signedIn, written, type Session } from './http.ts'

/** Everything the hub keeps of a person, as JSON text. */
export type ExportOf = (actor: Actor) => AsyncIterable<string>

/** All that somebody ever wrote is read for one: more than a person needs, fewer than keep the database busy. */
const perPerson = { times: 5, perMs: 60_000 }

/** A person's own copy of their data. */
export function exportDoor(app: Express, actorOf: Session, exportOf: ExportOf, throttle: Pick<Throttle, 'take'>): void {
  app.get('/export', fromOurPages, async (request, response) => {
    const actor = await signedIn(actorOf, request)
    if (actor.through) throw fail('forbidden', 'factors.openedBy')
    const retryAfterMs = throttle.take(`export ${actor.accountId}`, perPerson)
    if (retryAfterMs > 0) throw fail('rate_limited', 'rateLimited', { retryAfterMs })
    response.set({
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': 'attachment; filename="atrium-export.json"',
      'cache-control': 'no-store',
    })
    await written(exportOf(actor), response)
  })
}
