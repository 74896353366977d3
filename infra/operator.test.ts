import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { Environment } from '@atrium/platform/config'
import { notRun } from '@atrium/platform/testing/needs'
import { siteOf } from './proxy/nginx.ts'
import { coturn, coturnProgram, found } from './servers/index.ts'

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const read = (path: string) => readFileSync(file(path), 'utf8')
const plans = [
  'compose.yml',
  'compose.scaled.yml',
  'docker/Dockerfile',
  'docker/example.env',
  'systemd/atrium.service',
  'turn/turnserver.conf',
]

test('what an operator is given sets what there is to set, and starts what there is to start', () => {
  const known = new Set(Object.keys(Environment.shape))
  for (const plan of plans) {
    const text = read(plan)
    for (const [name] of text.matchAll(/\bATRIUM_[A-Z_]+/g)) assert.ok(known.has(name), `${plan} sets ${name}, which is no setting`)
    for (const [, path] of text.matchAll(/\b((?:infra|server|sfu|collab)\/[\w./-]+\.(?:ts|mjs|sh))/g))
      assert.ok(existsSync(file(`../${path}`)), `${plan} names ${path}, which is not there`)
  }
})

test('the balancer of the scaled hub is the one that the tests run behind', () => {
  const [, ...site] = read('proxy/site.conf').split('\n')
  assert.equal(site.join('\n'), siteOf({ listen: '80', servers: ['server-1:3000', 'server-2:3000'] }))
})

if (found('systemd-analyze'))
  test('systemd understands the unit', () => {
    const { status, stderr } = spawnSync(found('systemd-analyze')!, ['verify', '--man=no', file('systemd/atrium.service')], {
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
  })

// A container engine is not to be had everywhere: what can be looked at without one is looked at above.

if (coturnProgram())
  test('the relay lets in who has a name of ours, and relays; nobody else', async () => {
    const secret = 'only for this test'
    const relay = await coturn(secret)
    try {
      const username = `${Math.floor(Date.now() / 1_000) + 600}:somebody`
      const credential = createHmac('sha1', secret).update(username).digest('base64')
      const relayed = (password: string) =>
        promisify(execFile)(found('turnutils_uclient')!, [
          ...['-y', '-c', '-n', '1', '-u', username, '-w', password],
          ...['-p', `${relay.port}`, '127.0.0.1'],
        ])
      const { stdout } = await relayed(credential)
      assert.match(stdout, /Total lost packets 0 /)
      await expect(relayed('wrong')).rejects.toThrow()
    } finally {
      await relay.stop()
    }
  })
else notRun('relay', 'coturn')
