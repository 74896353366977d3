import { randomUUID } from 'node:crypto'
import { dispatcher, type Actor, type Authority, type Call, type House } from '@atrium/platform'
import { contract, type Draft, type Hub, type OperationName, type Output, type SessionId } from '@atrium/protocol'
import { setupLink, type Hashing } from '../../server/src/auth/index.ts'
import { slices } from '../../server/src/slices.ts'

export const command = () => ({ clientId: randomUUID() })

/** A hub that was set up, asked at `dispatch` by its administrator: no sockets, and no limit to how often. */
export async function asking(house: House, hashing: Hashing, authority?: Authority) {
  const hub = slices({ ...house, hashing, origin: 'http://localhost', source: '', streamTo: [], quotaBytes: 2 ** 40 })
  const only = new Set([...Object.keys(hub.handlers), ...Object.keys(hub.nudges)])
  const dispatch = dispatcher(
    Object.fromEntries(Object.entries(contract).filter(([name]) => only.has(name))) as Hub,
    hub.handlers as never,
    hub.nudges as never,
    { ...house, throttle: { take: () => 0 }, authority: authority ?? hub.granted.authority },
  )
  const me: { actor?: Actor } = {}
  async function call<K extends OperationName<Hub>>(name: K, input: Draft<Hub, K>): Promise<Output<Hub, K>> {
    const how = { door: 'http', source: '127.0.0.1', userAgent: 'bench', requestId: randomUUID(), origin: 'http://localhost' }
    const reply = await dispatch(me.actor, name, input, { ...how, session: { begin() {}, end() {} } } as unknown as Call)
    if (!reply.ok) throw new Error(`${name}: ${JSON.stringify(reply.error)}`)
    return reply.data as Output<Hub, K>
  }

  const link = await setupLink({ db: house.db, now: house.now })
  const begun = await call('setup.finish', {
    ...command(),
    ...{ token: link!.path.split('/').at(-1)!, organisation: 'Bench', domain: 'bench.example', name: 'Ada Bench' },
    ...{ address: 'ada@bench.example', password: 'seven quiet herons' },
  })
  if (!('accountId' in begun)) throw new Error('The set-up is not over.')
  const { accountId } = begun
  me.actor = { accountId, kind: 'person', sessionId: randomUUID() as SessionId, scope: null }
  const [home] = (await call('domains.list', {})).domains
  return { hub, call, accountId, home: home!.id }
}
