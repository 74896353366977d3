// Fifty thousand people in LDAP: the first mirror, and what a look costs in which nothing changed.
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '@atrium/platform/testing'
import { administrator, base, peopleLdif, slapdServer } from '@atrium/platform/testing/slapd'
import type { Draft, Hub } from '@atrium/protocol'
import { hashingPool } from '../../server/src/auth/index.ts'
import { asking, command } from './asking.ts'
import { composed } from './composed.ts'
import { report } from './rig.ts'

const people = 50_000
const looks = 20

const slapd = await slapdServer(peopleLdif(people, 'bench.example'))
const product = await composed()
const hashing = hashingPool(1)
const { hub, call, home } = await asking(product.house, hashing, { check: async () => {}, confirmed: async () => {} })

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
await call('providers.set', { ...command(), domainId: home, isOn: true, settings })
await until(
  'all are mirrored',
  async () => {
    await sleep(250)
    const { mirror } = (await call('providers.list', { domainId: home }))[0]!
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
