// Fifty thousand people in LDAP: the first mirror, and what a look costs in which nothing changed.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { dispatcher, type Actor, type Call } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import { administrator, base, peopleLdif, slapdServer } from '@atrium/platform/testing/slapd'
import { contract, type Draft, type Hub, type OperationName, type Output, type SessionId } from '@atrium/protocol'
import { hashingPool, setupLink } from '../../server/src/auth/index.ts'
import { slices } from '../../server/src/slices.ts'
import { composed } from './composed.ts'
import { report } from './rig.ts'

const people = 50_000
const looks = 20

const slapd = await slapdServer(peopleLdif(people, 'bench.example'))
const product = await composed()
const { db, house } = product
const hashing = hashingPool(1)
const hub = slices({ ...house, hashing, origin: 'http://localhost', source: '', streamTo: [], quotaBytes: 2 ** 40 })
const only = new Set([...Object.keys(hub.handlers), ...Object.keys(hub.nudges)])
const authority = { check: async () => {}, confirmed: async () => {} }
const dispatch = dispatcher(
  Object.fromEntries(Object.entries(contract).filter(([name]) => only.has(name))) as Hub,
  hub.handlers as never,
  hub.nudges as never,
  { ...house, throttle: { take: () => 0 }, authority },
)
const me: { actor?: Actor } = {}
async function call<K extends OperationName<Hub>>(name: K, input: Draft<Hub, K>): Promise<Output<Hub, K>> {
  const how = { door: 'http', source: '127.0.0.1', userAgent: 'bench', requestId: randomUUID(), origin: 'http://localhost' }
  const reply = await dispatch(me.actor, name, input, { ...how, session: { begin() {}, end() {} } } as unknown as Call)
  if (!reply.ok) throw new Error(`${name}: ${JSON.stringify(reply.error)}`)
  return reply.data as Output<Hub, K>
}

const link = await setupLink({ db, now: house.now })
const begun = await call('setup.finish', {
  ...{ clientId: randomUUID(), token: link!.path.split('/').at(-1)!, organisation: 'Bench', domain: 'bench.example', name: 'Ada Bench' },
  ...{ address: 'ada@bench.example', password: 'seven quiet herons' },
})
if (!('accountId' in begun)) throw new Error('The set-up is not over.')
me.actor = { accountId: begun.accountId, kind: 'person', sessionId: randomUUID() as SessionId, scope: null }
const [home] = (await call('domains.list', {})).domains

/** Milliseconds of a processor that this process used meanwhile. */
async function used(run: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}
const idle = await used(() => sleep(looks * 1_000))

hub.elsewhere.follow()
const began = performance.now()
const settings: Draft<Hub, 'providers.set'>['settings'] = {
  kind: 'ldap',
  label: 'LDAP',
  preset: 'openldap',
  url: slapd.url,
  authority: slapd.authority,
  bindDn: administrator.dn,
  bindPassword: administrator.password,
  baseDn: base,
  pollSeconds: 1,
}
await call('providers.set', { clientId: randomUUID(), domainId: home!.id, isOn: true, settings })
await until(
  'all are mirrored',
  async () => {
    await sleep(250)
    const { mirror } = (await call('providers.list', { domainId: home!.id }))[0]!
    return mirror?.state === 'idle' && mirror.accounts === people
  },
  600_000,
)
const first = (performance.now() - began) / 1_000
// The journal and the database come to rest.
await sleep(5_000)
const following = await used(() => sleep(looks * 1_000))

await hub.elsewhere.stop()
await slapd.close()
await hashing.close()
await product.close()

const isReached = report('Fifty thousand people in LDAP', [
  { what: 'first mirror', unit: 's', ours: [first], reach: { atMost: 60 } },
  {
    what: 'work of a look in which nothing changed, TLS and all that is idle besides taken off',
    unit: 'ms',
    ours: [Math.max(0, following - idle) / looks],
    reach: { atMost: 20 },
  },
])
process.exit(isReached ? 0 : 1)
