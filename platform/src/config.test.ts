import assert from 'node:assert/strict'
import { test } from 'vitest'
import { configFrom, describeSettings, Environment, renderSettings } from './config.ts'

const postgres = 'postgres://hub:dbpass77@db/hub'
const redis = 'redis://:redisword77@bus'

test('nothing set is a hub on loopback, all services in one process', () => {
  const config = configFrom({}, [])
  assert.equal(config.host, '127.0.0.1')
  assert.equal(config.port, 3000)
  assert.deepEqual(config.services, ['server', 'sfu', 'collab'])
  assert.deepEqual(config.tls, { kind: 'none' })
  assert.match(config.node, /^[a-z0-9][a-z0-9.-]*-3000$/)
})

test('media ports are free ones where the port of the pages is', () => {
  assert.equal(configFrom({}, []).media.firstPort, null)
  assert.equal(configFrom({ ATRIUM_PORT: '0' }, []).media.firstPort, 0)
  assert.equal(configFrom({ ATRIUM_PORT: '0', ATRIUM_MEDIA_PORTS: '40100' }, []).media.firstPort, 40_100)
})

test('what a process was told does not change', () => {
  const config = configFrom({}, [])
  assert.throws(() => Object.assign(config, { port: 1 }))
  assert.throws(() => (config.services as string[]).push('x'))
})

test('arguments win over the environment, ATRIUM_PORT over PORT', () => {
  assert.equal(configFrom({ PORT: '4000' }, []).port, 4000)
  assert.equal(configFrom({ PORT: '4000', ATRIUM_PORT: '5000' }, []).port, 5000)
  const config = configFrom({ ATRIUM_PORT: '5000' }, ['--port', '6000', '--host', '0.0.0.0', '--tls', '--demo'])
  assert.deepEqual([config.port, config.host, config.tls.kind, config.isDemo], [6000, '0.0.0.0', 'local', true])
})

test('an empty variable is one that is not set', () => assert.equal(configFrom({ DATABASE_URL: '' }, []).databaseUrl, null))

const refused: [string, Record<string, string>, string[], RegExp][] = [
  ['an unreadable port', { ATRIUM_PORT: 'x' }, [], /: ATRIUM_PORT is wrong/],
  ['an unknown service', { ATRIUM_SERVICES: 'server,mail' }, [], /: ATRIUM_SERVICES is wrong/],
  ['an origin with a path', { ATRIUM_ORIGIN: 'https://hub.example/chat' }, [], /: ATRIUM_ORIGIN must be an origin such as/],
  ['another database', { DATABASE_URL: 'mysql://x' }, [], /: DATABASE_URL must be a URL that begins with postgres:\/\//],
  ['a proxy by name', { ATRIUM_TRUSTED_PROXIES: 'nginx' }, [], /: ATRIUM_TRUSTED_PROXIES must be addresses/],
  ['a misspelt key', { ATRIUM_ORIGN: 'https://hub.example' }, [], /: ATRIUM_ORIGN is no setting/],
  ['an unknown argument', {}, ['--prot', '1'], /--prot.*Known are --port, --host/],
  ['a service apart without a database', { ATRIUM_SERVICES: 'collab' }, [], /: ATRIUM_SERVICES=collab needs DATABASE_URL: the embedded/],
  ['a service apart without a bus', { ATRIUM_SERVICES: 'sfu', DATABASE_URL: postgres }, [], /: ATRIUM_SERVICES=sfu needs REDIS_URL/],
  ['a bus without a database', { REDIS_URL: redis }, [], /: REDIS_URL needs DATABASE_URL/],
  ['half a certificate', { TLS_CERT: 'a.pem' }, [], /: TLS_CERT and TLS_KEY belong together/],
  ['two certificates', { TLS_CERT: 'a', TLS_KEY: 'b' }, ['--tls'], /: ATRIUM_TLS makes a certificate/],
  ['TLS under an http origin', { ATRIUM_ORIGIN: 'http://hub.example' }, ['--tls'], /begin it with https/],
  ['an https origin that nobody serves', { ATRIUM_ORIGIN: 'https://hub.example' }, [], /ATRIUM_TRUSTED_PROXIES/],
  ['mail without a sender', { SMTP_URL: 'smtp://mx', ATRIUM_ORIGIN: 'http://hub.example' }, [], /: SMTP_URL needs ATRIUM_MAIL_FROM/],
  ['mail without an origin', { SMTP_URL: 'smtp://mx', ATRIUM_MAIL_FROM: 'a@b.example' }, [], /: SMTP_URL needs ATRIUM_ORIGIN/],
  ['a relay without a secret', { ATRIUM_TURN_URLS: 'turn:turn.example:3478' }, [], /: ATRIUM_TURN_URLS needs ATRIUM_TURN_SECRET/],
  ['a secret without a relay', { ATRIUM_TURN_SECRET: 'a long secret' }, [], /: ATRIUM_TURN_SECRET needs ATRIUM_TURN_URLS/],
  [
    'a relay by its bare name',
    { ATRIUM_TURN_URLS: 'turn.example', ATRIUM_TURN_SECRET: 'a long secret' },
    [],
    /: ATRIUM_TURN_URLS must be addresses such as/,
  ],
  ['an announced address with a port', { ATRIUM_ANNOUNCED: '203.0.113.5/32' }, [], /: ATRIUM_ANNOUNCED must be addresses/],
  [
    'the pages among the media',
    { ATRIUM_MEDIA_PORTS: '2999', ATRIUM_MEDIA_WORKERS: '2' },
    [],
    /: ATRIUM_PORT=3000 is among the media ports 2999 to 3000/,
  ],
  ['a bucket without a name', { S3_URL: 'http://key:secret@s3.example' }, [], /: S3_URL must name key, secret and bucket/],
]
test.each(refused)('%s is refused with the sentence that fixes it', (_what, env, args, sentence) => {
  assert.throws(() => configFrom(env, args), sentence)
})

test('every key says what it is for', () => {
  for (const [key, schema] of Object.entries(Environment.shape)) assert.ok(schema.description, key)
})

test('the table shows what is set and keeps secrets', () => {
  const env = { DATABASE_URL: postgres, REDIS_URL: redis, S3_URL: 'https://AKIA:secretkey@s3.example/files?token=t0k3n' }
  const table = renderSettings(describeSettings(env, ['--port', '0']))
  assert.match(table, /^\* ATRIUM_PORT +0 /m)
  assert.match(table, /postgres:\/\/\*\*\*:\*\*\*@db\/hub/)
  for (const hidden of ['dbpass77', 'redisword77', 'AKIA', 'secretkey', 't0k3n']) assert.ok(!table.includes(hidden), hidden)
})
