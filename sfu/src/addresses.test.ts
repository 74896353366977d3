import assert from 'node:assert/strict'
import { test } from 'vitest'
import { configFrom } from '@atrium/platform'
import { addressesFor, unheard } from './addresses.ts'
import { iceServersFor } from './ice.ts'

const machine = {
  addresses: ['192.0.2.10', '2001:db8::10'],
  resolve: async (name: string) => ({ 'hub.example': ['192.0.2.10'], 'far.example': ['198.51.100.1'] })[name] ?? [],
}
const found = (env: Record<string, string>, on = machine) => addressesFor(configFrom(env, []), on)
const behindProxy = { ATRIUM_TRUSTED_PROXIES: '127.0.0.1' }

const good: [string, Record<string, string>, object[]][] = [
  ['nothing set: this machine alone', {}, [{ ip: '127.0.0.1' }]],
  [
    'open to the network: all its addresses',
    { ATRIUM_HOST: '0.0.0.0' },
    [{ ip: '127.0.0.1' }, { ip: '192.0.2.10' }, { ip: '2001:db8::10' }],
  ],
  ['open at one address: that one', { ATRIUM_HOST: '192.0.2.10' }, [{ ip: '192.0.2.10' }]],
  [
    'behind a proxy here: where its name leads',
    { ...behindProxy, ATRIUM_ORIGIN: 'https://hub.example' },
    [{ ip: '127.0.0.1' }, { ip: '192.0.2.10' }],
  ],
  ['announced, and here', { ATRIUM_ANNOUNCED: '192.0.2.10' }, [{ ip: '192.0.2.10' }]],
  ['announced, and a router’s', { ATRIUM_ANNOUNCED: '203.0.113.5' }, [{ ip: '0.0.0.0', announcedAddress: '203.0.113.5' }]],
  ['announced by name', { ATRIUM_ANNOUNCED: 'hub.example' }, [{ ip: '0.0.0.0', announcedAddress: 'hub.example' }]],
  [
    'a router’s and the one behind it: browsers inside take the short way',
    { ATRIUM_ANNOUNCED: '203.0.113.5,192.0.2.10' },
    [{ ip: '192.0.2.10', announcedAddress: '203.0.113.5', exposeInternalIp: true }],
  ],
  [
    'one of each family',
    { ATRIUM_ANNOUNCED: '203.0.113.5,2001:db8::10' },
    [{ ip: '0.0.0.0', announcedAddress: '203.0.113.5' }, { ip: '2001:db8::10' }],
  ],
]
test.each(good)('%s', async (_what, env, listening) => assert.deepEqual(await found(env), { listening, problems: [] }))

const wrong: [string, Record<string, string>, RegExp][] = [
  [
    'a name that leads elsewhere',
    { ...behindProxy, ATRIUM_ORIGIN: 'https://far.example' },
    /leads to 198\.51\.100\.1, which is not this machine.*Set ATRIUM_ANNOUNCED/,
  ],
  [
    'a name that leads nowhere, on loopback',
    { ...behindProxy, ATRIUM_ORIGIN: 'https://no.example' },
    /announced at 127\.0\.0\.1 only.*Set ATRIUM_ANNOUNCED/,
  ],
  ['the address of all addresses', { ATRIUM_ANNOUNCED: '0.0.0.0' }, /names 0\.0\.0\.0, which is no address that a browser could reach/],
  ['loopback alone', { ATRIUM_ANNOUNCED: '127.0.0.1', ATRIUM_HOST: '0.0.0.0' }, /names loopback only/],
  ['two routers', { ATRIUM_ANNOUNCED: '203.0.113.5,203.0.113.6' }, /203\.0\.113\.5 and 203\.0\.113\.6.*one of each family/],
]
test.each(wrong)('%s is said plainly', async (_what, env, sentence) => {
  const { listening, problems } = await found(env)
  assert.ok(listening.length > 0)
  assert.match(problems.join('\n'), sentence)
})

test('a machine without a network that is to be open', async () => {
  const { problems } = await found({ ATRIUM_HOST: '0.0.0.0' }, { ...machine, addresses: [] })
  assert.match(problems.join('\n'), /no address besides loopback/)
})

test('an address at which nobody hears is named with its port', async () => {
  const candidate = { protocol: 'udp', address: '127.0.0.1', port: 9 }
  const iceParameters = { usernameFragment: 'u', password: 'p' }
  const problems = await unheard({ iceCandidates: [candidate, { ...candidate, protocol: 'tcp' }] as never, iceParameters })
  assert.equal(problems.length, 1)
  assert.match(problems[0]!, /127\.0\.0\.1, port 9, did not come back/)
})

test('a relay’s password is its own for each, made of the secret, and ends', () => {
  const { media } = configFrom({ ATRIUM_TURN_URLS: 'turn:relay.example:3478,stun:mirror.example', ATRIUM_TURN_SECRET: 'a long secret' }, [])
  const servers = iceServersFor(media, 'somebody', new Date(1_000_000_000_000))
  assert.deepEqual(servers, [
    { urls: ['stun:mirror.example'] },
    // printf '1000086400:somebody' | openssl dgst -sha1 -hmac 'a long secret' -binary | base64
    { urls: ['turn:relay.example:3478'], username: '1000086400:somebody', credential: '4QY2A+XdsXIprTVFbVTkr9BAm5c=' },
  ])
  assert.deepEqual(iceServersFor(configFrom({}, []).media, 'somebody', new Date()), [])
})
