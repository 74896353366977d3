import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, inject, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { notRun } from '@atrium/platform/testing/needs'
import { administrator as binding, base, peopleLdif, slapdProgram, slapdServer, type Slapd } from '@atrium/platform/testing/slapd'
import { house, type House, type Someone } from '../directory/testing/house.ts'
import { takenBack } from './ldap/writing.groups.ts'

const domain = 'saltmarsh.example'
const count = 12
if (!slapdProgram()) notRun('LDAP', 'slapd')

function* tree(): Generator<string> {
  yield* peopleLdif(count, domain)
  yield `dn: cn=crew,ou=groups,${base}\nobjectClass: groupOfNames\ncn: crew\nmember: uid=person1,ou=people,${base}`
}

test('what LDAP does not take is taken back alone: what others changed meanwhile stays', () => {
  const here = (name: string, accountIds: string[], addresses: string[] = []) =>
    ({ address: 'crew@saltmarsh.example', name, description: '', accountIds, listIds: [], addresses }) as never
  const before = here('Crew', ['bow', 'cox'], ['mum@elsewhere.example'])
  const after = here('The crew', ['bow', 'stroke'])
  const now = here('The crew', ['stroke', 'sculler'], ['dad@elsewhere.example'])
  const back = takenBack(now, before, after)
  assert.deepEqual(
    [back.name, back.accountIds, back.addresses],
    ['Crew', ['sculler', 'cox'], ['dad@elsewhere.example', 'mum@elsewhere.example']],
  )
  const others = here('Rowers', ['bow'])
  assert.deepEqual(takenBack(others, before, before), others)
})

describe.skipIf(!slapdProgram())('LDAP that is written', () => {
  let slapd: Slapd
  let town: House
  let ada: Someone

  beforeAll(async () => {
    slapd = await slapdServer(tree())
    town = await house(inject('cluster'))
    ada = await town.founded()
    town.hub.elsewhere.follow()
  })
  afterAll(async () => {
    await town?.hub.stop()
    await town?.close()
    await slapd?.close()
  })

  test('many who join a list in one moment are all in it, here and there', async () => {
    const domainId = (await ada.call('domains.list', {})).domains[0]!.id
    const provider = await ada.call('providers.set', {
      ...{ domainId, isOn: true },
      settings: {
        ...{ kind: 'ldap', label: 'Our LDAP', preset: 'openldap', url: slapd.url, authority: slapd.authority, writesBack: true },
        ...{ bindDn: binding.dn, bindPassword: binding.password, baseDn: base, pollSeconds: 1 },
      },
    })
    const mirror = async () => (await ada.call('providers.list', { domainId })).find(({ id }) => id === provider.id)!.mirror!
    await until('all are mirrored', async () => (await mirror()).accounts === count && (await mirror()).state === 'idle', 20_000)
    const { lists } = await ada.call('lists.list', { domainId })
    const listId = lists[0]!.id
    await ada.call('lists.change', { listId, joining: 'free' })
    const members = async () => (await ada.call('lists.members', { listId })).members.map(({ address }) => address)
    const before = await members()
    const people = await Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const one = town.somebody()
        await one.signIn(`person${i + 1}@${domain}`, `pw-${i + 1}`)
        return one
      }),
    )
    const outside = people.filter((_, i) => !before.includes(`person${i + 1}@${domain}`))
    assert.ok(outside.length > 5)
    await Promise.all(outside.map((one) => one.call('me.list.join', { listId })))
    await ada.call('providers.mirror', { domainId, providerId: provider.id })
    assert.equal((await members()).length, before.length + outside.length)
  })
})
