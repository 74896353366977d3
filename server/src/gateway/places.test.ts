import assert from 'node:assert/strict'
import { beforeAll, inject, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { hub, type TestHub } from '../testing/hub.ts'
import { screen } from '../testing/person.ts'
import { maxScreens } from './places.ts'

let here: TestHub
beforeAll(async () => {
  here = await hub(inject('cluster'))
  return () => here.close()
})

test('an account has a limit of screens: one more is refused by name, others’ are not, and a closed one makes room', async () => {
  const { alice, bob, origin } = here
  const screens = await Promise.all(Array.from({ length: maxScreens }, () => alice.connect()))
  const more = screen(origin, alice.cookie, 'one more')
  const refused = await more.refused()
  assert.deepEqual('error' in refused && [refused.error.code, refused.error.params?.['problem']], ['rate_limited', 'too_many_screens'])
  assert.equal((await bob.connect()).isConnected(), true)

  screens[7]!.socket.disconnect()
  await until('there is room again', () => {
    if (!more.isConnected()) more.socket.connect()
    return more.isConnected()
  })
  more.socket.disconnect()
})
