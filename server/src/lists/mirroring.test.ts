import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import type { ListId } from '@atrium/protocol'
import { grants, type GrantTables } from '../grants/index.ts'
import { domains, type Colleague, type Domains } from '../grants/testing/domains.ts'
import { listsMirroring, type MirroredMembers } from './mirroring.ts'

let here: Domains
let bob: Colleague
beforeAll(async () => {
  here = await domains(inject('cluster'))
  bob = await here.one('Bob')
})
afterAll(() => here?.close())

test('[GRANT-10] a directory that somebody below set up neither fills nor removes a list that carries rights', async () => {
  const { ground, ada, saltmarsh } = here
  const { now, newId } = ground
  const { work, ...database } = ground.databaseOf<GrantTables>()
  const ruling = {
    isAdministrator: () => Promise.resolve(false),
    administersInSql: () => sql<boolean>`false`,
    changed: here.hub.sessions.endLooking,
  }
  const mirror = listsMirroring({ now, newId, ...grants({ ...database, work, now, newId, ...ruling }) })
  const said = { externalId: 'g-1', address: 'helpers@saltmarsh.example', name: 'Helpers', description: '' }
  const id = (await work((tx) => mirror.put(tx, saltmarsh, undefined, said))) as ListId
  const members = async () => (await ada.call('lists.members', { listId: id })).members.map(({ address }) => address)
  const withBob = { accountIds: [bob.accountId], listIds: [], addresses: [] }
  const nobody = { accountIds: [], listIds: [], addresses: [] }
  const fill = (wanted: MirroredMembers, isTrusted: boolean) => work((tx, announce) => mirror.fill(tx, announce, id, wanted, isTrusted))
  const drop = (isTrusted: boolean) => work((tx, announce) => mirror.drop(tx, announce, id, isTrusted))

  assert.equal(await fill(withBob, false), true)
  assert.deepEqual(await members(), [bob.address])
  assert.equal(await fill(nobody, false), true)

  await ada.call('grants.give', { grantee: { kind: 'list', id }, target: here.over(saltmarsh), rights: ['account.see'] })
  assert.equal(await fill(withBob, false), false)
  assert.deepEqual(await members(), [])
  assert.equal(await drop(false), false)
  assert.equal(await fill(withBob, true), true)
  assert.deepEqual(await members(), [bob.address])
  assert.equal(await drop(true), true)
})
