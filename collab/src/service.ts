import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { answerInternal, register, revocations, type House, type Service } from '@atrium/platform'
import { documentDoor, usualPace, type Pace } from './door.ts'
import { documents as openDocuments, usualTimes, type Times } from './documents.ts'
import { errands } from './errands.ts'
import { homes as watchHomes } from './homes.ts'
import { rights } from './rights.ts'
import type { DocumentTables } from './store.ts'
import { versions as versionsOf } from './versions.ts'

export { migrations } from '../migrations/index.ts'

export interface Options {
  times?: Partial<Times>
  /** Nothing said: all cores but one. */
  threads?: number
  pace?: Pace
  now?: () => Date
}
export const start = (house: House): Promise<Service> => startWith(house)

/** The document service: found by its lease, asked over the bus, entered with a ticket. */
export async function startWith(house: House, options: Options = {}): Promise<Service> {
  const { threads, pace = usualPace, now = house.now } = options
  const times = { ...usualTimes, ...options.times }
  const { bus, db, http, placement, throttle, tickets, metrics, node, version, log } = house
  let isDraining = false
  const database = house.databaseOf<DocumentTables>()
  const documents = openDocuments({
    ...{ db, log, threads, docsOpen: metrics.docsOpen, times },
    keepVersion: (document, reason) => versions.keep(document, reason),
  })
  const versions = versionsOf({ ...database, documents, blobs: house.blobs, now, newId: house.newId })
  const homes = watchHomes({ placement, node, log, opened: documents.opened, heal: documents.heal, everyMs: times.homesMs })
  const lost = await revocations({ bus, db, log })
  const door = documentDoor({
    ...{ tickets, endings: metrics.endings, log, now, throttle, pace, documents, homes },
    rights: (visits) => rights({ ...lost, visits, now }),
  })

  const leave = answerInternal(bus, `collab:${node.name}`, {
    'node.describe': async () => ({ node: node.id, service: 'collab', version, load: 0 }),
    'node.door': async () => ({ node: node.id, url: urlOf(house) }),
    ...errands({ db, work: database.work, documents, blobs: house.blobs, now, log }),
    'document.versions': versions.list,
    'document.version.read': versions.read,
    'document.version.save': versions.save,
    'document.version.name': versions.name,
    'document.version.restore': versions.restore,
  })
  const close = http.upgrade(`/collab/${node.name}`, door.enter)
  const registration = await register(placement, 'collab', node, log)

  return {
    isReady: () => !isDraining,
    async drain() {
      isDraining = true
      homes.stop()
      // First of all: whoever looks for a node from now on finds another.
      await registration.end()
      await door.end('draining')
      await documents.settled()
    },
    async stop() {
      homes.stop()
      close()
      leave()
      if (!isDraining) await registration.end()
      await door.end('draining')
      lost.stop()
      await documents.stop()
    },
  }
}

/** Where the other processes reach this one: as configured, or where it listens. An open address is that of the machine. */
function urlOf({ config: { nodeUrl, host, tls }, http }: House): string {
  const reachable = ['0.0.0.0', '::'].includes(host) ? hostname() : host.includes(':') ? `[${host}]` : host
  return nodeUrl ?? `${tls.kind === 'none' ? 'http' : 'https'}://${reachable}:${(http.server.address() as AddressInfo).port}`
}
