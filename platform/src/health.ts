import type { Response } from 'express'
import { sql, type Kysely } from 'kysely'
import type { Bus } from './bus/index.ts'
import { inTime } from './bus/index.ts'
import type { Config } from './config.ts'
import { peerOf, within } from './doors.ts'
import { fail } from './errors.ts'
import type { Http } from './http.ts'
import type { Metrics } from './metrics.ts'

interface Needs {
  http: Http
  db: Kysely<any>
  bus: Pick<Bus, 'isUp'>
  metrics: Metrics
  config: Pick<Config, 'metricsFrom'>
  /** Started, not draining, and so say the services. */
  isServing: () => boolean
}

const patienceMs = 2_000
/** However often somebody asks, the database is asked no more often than this. */
const freshMs = 500

/** What supervisors and balancers ask: does the process live, should it get work, what does it count. */
export function healthDoors({ http, db, bus, metrics, config, isServing }: Needs): void {
  const mayRead = within(config.metricsFrom)
  let looked = { at: -Infinity, answers: Promise.resolve(false) }

  function databaseAnswers(): Promise<boolean> {
    const time = performance.now()
    if (time - looked.at > freshMs)
      looked = {
        at: time,
        answers: inTime(sql`select 1`.execute(db), patienceMs).then(
          () => true,
          () => false,
        ),
      }
    return looked.answers
  }

  // Of the process alone: a database that is away is no reason to end it.
  http.app.get('/livez', (_request, response) => plain(response).send('ok\n'))
  http.app.get('/readyz', async (_request, response) => {
    const parts = { database: await databaseAnswers(), bus: bus.isUp(), serving: isServing() }
    plain(response)
      .status(Object.values(parts).every(Boolean) ? 200 : 503)
      .json(parts)
  })
  http.app.get('/metrics', async (request, response) => {
    // Somebody else's request that a proxy on this machine passed on comes from loopback too.
    const isPassedOn = request.headers['x-forwarded-for'] !== undefined || request.headers['forwarded'] !== undefined
    if (!mayRead(http.sourceOf(request)) || (isPassedOn && http.sourceOf(request) === peerOf(request))) throw fail('not_found', 'notFound')
    const { type, text } = await metrics.render()
    plain(response).set('content-type', type).send(text)
  })
}

const plain = (response: Response) => response.set('cache-control', 'no-store').type('text')
