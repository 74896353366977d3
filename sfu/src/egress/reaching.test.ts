import assert from 'node:assert/strict'
import { test } from 'vitest'
import { Refusal } from '@atrium/platform'
import { openOutgoing } from '@atrium/platform/outgoing'
import { reaching } from './reaching.ts'

test('a stream goes where its name was seen to lead, also when the name leads elsewhere a moment later', async () => {
  const answers = [['2001:4860::8', '93.184.215.14'], ['127.0.0.1']]
  const reached = reaching(openOutgoing({ resolve: async () => answers.shift()! }), [])
  assert.equal(await reached('rtmp://live.example.org:1936/app/a%20room?x=1'), 'rtmp://93.184.215.14:1936/app/a%20room?x=1')
  await assert.rejects(reached('rtmp://live.example.org/app'), (error) => error instanceof Refusal && error.failure.code === 'forbidden')
})

test('an address of version 6 is written as one, TLS keeps its name, and what an administrator allows is allowed', async () => {
  const to = (address: string, also: string[] = []) => reaching(openOutgoing({ resolve: async () => [address] }), also)
  assert.equal(await to('2001:4860::8')('rtmp://live.example.org/app'), 'rtmp://[2001:4860::8]/app')
  assert.equal(await to('93.184.215.14')('rtmps://live.example.org/app'), 'rtmps://live.example.org/app')
  await assert.rejects(to('10.0.0.5')('rtmps://live.example.org/app'))
  assert.equal(await to('10.0.0.5', ['10.0.0.0/8'])('rtmp://studio/app'), 'rtmp://10.0.0.5/app')
})
