import assert from 'node:assert/strict'
import { beforeAll, inject, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { hub, type TestHub } from './testing/hub.ts'

let here: TestHub
beforeAll(async () => {
  here = await hub(inject('cluster'))
  return () => here.close()
})

test('where no mail server is configured, administrators read what would have been mailed; nobody else does', async () => {
  const { administrator, alice } = here
  const { invitation } = await administrator.call('directory.person.add', { name: 'Dora', address: 'dora@example.org' })
  const letters = await until('the letter lies in the outbox', async () => {
    const { mails, isKept } = await administrator.call('mail.outbox', {})
    assert.equal(isKept, true)
    return mails.filter(({ to }) => to === 'dora@example.org')[0]
  })
  assert.ok(letters.text.includes(invitation.path))
  const refused = await alice.ask('mail.outbox', {})
  assert.deepEqual(!refused.ok && [refused.error.code, refused.error.key], ['forbidden', 'directory.onlyAdministrators'])
})
