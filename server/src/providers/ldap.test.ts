import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { Attribute, Change } from 'ldapts'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { notRun } from '@atrium/platform/testing/needs'
import { administrator as binding, base, peopleLdif, slapdProgram } from '@atrium/platform/testing/slapd'
import type { Draft, Hub } from '@atrium/protocol'
import { password } from '../directory/testing/house.ts'
import { bracketed, escaped, ofIds } from './ldap/filters.ts'
import { presets } from './ldap/presets.ts'
import { at, domain, ldapHouse, person, replaced, type LdapHouse } from './testing/ldap.ts'

if (!slapdProgram()) notRun('LDAP', 'slapd')

const count = 60

describe.skipIf(!slapdProgram())('LDAP', () => {
  let world: LdapHouse
  beforeAll(async () => {
    world = await ldapHouse(inject('cluster'), peopleLdif(count, domain))
  })
  afterAll(() => world?.close())

  test('ids are found by their bytes, and names by their letters', async () => {
    const { there } = world
    const id = '96c3ff00112a2829805cfe7f0a80e9d7'
    await there(async (client) => {
      const guid = new Attribute({ type: 'objectGUID', values: [Buffer.from(id, 'hex')] })
      await client.modify(person(9), [
        new Change({ operation: 'add', modification: new Attribute({ type: 'objectClass', values: ['user'] }) }),
        new Change({ operation: 'add', modification: guid }),
        replaced('title', 'Zoë*'),
      ])
      const search = async (filter: string | Awaited<ReturnType<typeof ofIds>>) =>
        (await client.search(base, { filter, attributes: ['1.1'] })).searchEntries.map(({ dn }) => dn)
      assert.deepEqual(await search(await ofIds(presets.activedirectory, [id], 'uid=*')), [person(9)])
      assert.deepEqual(await search(bracketed(`title=${escaped('Zoë*')}`)), [person(9)])
      assert.deepEqual(await search(bracketed('title=Zo\\c3\\ab\\2a')), [person(9)])
      assert.deepEqual(await search(bracketed(`title=${escaped('Zo*')}`)), [])
    })
  })

  test('a connection is tried step by step, and what a mirror would do is said before it does it', async () => {
    const { ada, domainId, settings, row } = world
    const tried = await ada.call('providers.test', { domainId, settings: settings() })
    assert.equal(tried.isFine, true, JSON.stringify(tried.steps))
    assert.deepEqual(
      tried.steps.map(({ what }) => what),
      ['reach', 'bind', 'base', 'changes', 'accounts', 'groups'],
    )
    assert.deepEqual([tried.wouldCreate, tried.wouldChange, tried.wouldLock], [count, 0, 0])
    assert.equal(await row(at('person1')), undefined)

    const wrong = async (more: object) => {
      const { steps, isFine } = await ada.call('providers.test', { domainId, settings: settings(more) })
      assert.equal(isFine, false)
      return [steps.at(-1)!.what, steps.at(-1)!.trouble]
    }
    assert.deepEqual(await wrong({ bindPassword: 'not it' }), ['bind', 'credentials'])
    assert.deepEqual(await wrong({ authority: null }), ['reach', 'certificate'])
    assert.deepEqual(await wrong({ baseDn: 'dc=nowhere' }), ['base', 'noBase'])
    assert.deepEqual(await wrong({ url: 'ldap://127.0.0.1:1' }), ['reach', 'refused'])
    assert.deepEqual(await wrong({ url: 'ldap://169.254.169.254' }), ['reach', 'address'])
    assert.deepEqual(await wrong({ accountFilter: '(uid=nobody)' }), ['accounts', 'noEntries'])
    const refused = await ada.refusal('providers.set', { domainId, isOn: true, settings: settings({ accountFilter: '(uid=' }) })
    assert.equal(refused.key, 'providers.filterUnreadable')
  })

  test('everybody in LDAP is here, and signs in with the password that LDAP knows', async () => {
    const { town, follow, row } = world
    expect(JSON.stringify(await follow(count))).not.toContain(binding.password)
    assert.deepEqual(await row(at('person7')), { id: (await row(at('person7')))!.id, name: 'Person 7', status: 'active', source: 'ldap' })

    const seven = town.somebody()
    await seven.signIn(at('person7'), 'pw-7')
    assert.ok(await seven.actor())
    assert.equal((await town.somebody().refusal('auth.signIn', { address: at('person7'), password: 'pw-8' })).key, 'auth.wrongPassword')
    assert.equal(await town.hub.sessions.isPassword((await seven.actor())!, '', '10.0.0.9'), false)
    // LDAP does not know the administrator, whose password is kept here.
    await town.somebody().signIn(at('ada'), password)
  })

  test('another name, another place, another address: it is the same account; disabled and deleted people are out', async () => {
    const { town, there, turn, row, standing, change } = world
    const before = (await row(at('person10')))!.id
    const eleven = town.somebody()
    await eleven.signIn(at('person11'), 'pw-11')
    const twelve = town.somebody()
    await twelve.signIn(at('person12'), 'pw-12')

    await change(person(10), 'displayName', 'Ünal Ötzi')
    await change(person(10), 'mail', at('unal'))
    await there((client) => client.modifyDN(person(10), `uid=unal,ou=left,${base}`))
    await change(person(11), 'pwdAccountLockedTime', '000001010000Z')
    await until('the new name is here', async () => (await row(at('unal')))?.name === 'Ünal Ötzi', 10_000)
    assert.equal((await row(at('unal')))!.id, before)
    await until('who is disabled is out', async () => (await row(at('person11')))?.status === 'locked', 10_000)
    assert.equal(await eleven.actor(), undefined)
    await town.somebody().signIn(at('unal'), 'pw-10')

    const { listedAt } = await standing()
    await there((client) => client.del(person(12)))
    await until('who is deleted is out', async () => (await row(at('person12')))!.status === 'locked', 5_000)
    assert.equal(await twelve.actor(), undefined)
    assert.deepEqual((await standing()).listedAt, listedAt, 'nobody compared ids for that')

    await change(person(11), 'pwdAccountLockedTime')
    await turn()
    await until('who is enabled again is in', async () => (await row(at('person11')))?.status === 'active', 10_000)
  })

  test('whoever was locked here stays locked, whatever LDAP says', async () => {
    const { town, turn, row, change } = world
    const { id } = (await row(at('person13')))!
    await town.db.updateTable('account').set({ status: 'closed' }).where('id', '=', id).execute()
    await change(person(13), 'displayName', 'Changed')
    await turn()
    await until('the change is here', async () => (await row(at('person13')))!.name === 'Changed', 10_000)
    assert.equal((await row(at('person13')))!.status, 'closed')
  })

  test('what the password policy says is said', async () => {
    const { town } = world
    for (let i = 0; i < 3; i++)
      assert.equal(
        (await town.somebody({ source: `10.1.0.${i}` }).refusal('auth.signIn', { address: at('person14'), password: `no ${i}` })).key,
        'auth.wrongPassword',
      )
    const refused = await town.somebody({ source: '10.1.0.9' }).refusal('auth.signIn', { address: at('person14'), password: 'pw-14' })
    assert.equal(refused.key, 'providers.passwordLocked')
    // It is said to whoever asks, so asking counts.
    const stranger = town.somebody({ source: '10.1.2.9' })
    const keys: string[] = []
    for (let n = 0; n < 12; n++) keys.push((await stranger.refusal('auth.signIn', { address: at('person14'), password: `guess ${n}` })).key)
    assert.deepEqual([...new Set(keys)], ['providers.passwordLocked', 'auth.tooManyTries'])
  })

  test('[R-17] a server that hangs: who is signed in stays so, and others are told soon', async () => {
    const { slapd, town } = world
    const fifteen = town.somebody()
    await fifteen.signIn(at('person15'), 'pw-15')
    slapd.hold()
    try {
      const began = performance.now()
      const refusal = async (name: string) => {
        const refused = await town.somebody().refusal('auth.signIn', { address: at(name), password: 'pw-16' })
        return { refused, after: performance.now() - began }
      }
      // LDAP that is away shuts no administrator out.
      const administrator = town.somebody().signIn(at('ada'), password)
      const [known, nobody] = await Promise.all([refusal('person16'), refusal('nobody-of-that-name')])
      expect(known.after).toBeLessThan(5_000)
      assert.deepEqual([known.refused.code, known.refused.key], ['unauthenticated', 'providers.unreachable'])
      assert.deepEqual(nobody.refused, known.refused, 'nobody learns who is here')
      expect(nobody.after).toBeGreaterThan(known.after / 2)
      assert.ok(await fifteen.actor())
      await administrator
    } finally {
      slapd.goOn()
    }
    await town.somebody().signIn(at('person16'), 'pw-16')
  })

  test('a secret goes to no other place than it was given for', async () => {
    const { ada, domainId, provider, settings } = world
    const { bindPassword: _, ...without } = settings({ url: 'ldap://127.0.0.1:1' }) as { bindPassword: string } & Draft<
      Hub,
      'providers.set'
    >['settings']
    const refused = await ada.refusal('providers.set', { domainId, providerId: provider.id, isOn: true, settings: without as never })
    assert.deepEqual([refused.key, refused.field], ['providers.secretAgain', 'settings.bindPassword'])
    // Somebody who listens there hears nothing of it.
    const heard: Buffer[] = []
    const listener = createServer((socket) => void socket.on('data', (data) => (heard.push(data), socket.destroy()))).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const url = `ldap://127.0.0.1:${(listener.address() as AddressInfo).port}`
    await ada.ask('providers.test', {
      domainId,
      providerId: provider.id,
      settings: { ...without, url, startTls: false, authority: null } as never,
    })
    listener.close()
    assert.ok(!Buffer.concat(heard).includes(binding.password))
    const trying = await ada.refusal('providers.test', { domainId, providerId: provider.id, settings: without as never })
    assert.deepEqual([trying.key, trying.field], ['providers.secretAgain', 'settings.bindPassword'], 'nor by a test of what is to come')
  })

  test('when the provider goes, its people stay, and are kept here', async () => {
    const { town, ada, domainId, provider, row } = world
    await ada.call('providers.remove', { domainId, providerId: provider.id })
    assert.deepEqual(await ada.call('providers.list', { domainId }), [])
    assert.equal((await row(at('person20')))!.source, 'here')
    assert.equal((await town.somebody().refusal('auth.signIn', { address: at('person20'), password: 'pw-20' })).key, 'auth.wrongPassword')
  })

  test('LDAP_URL sets the server of the first domain, once, and leaves what was set besides it', async () => {
    const { slapd, town, ada, domainId, provider, look } = world
    const { port } = slapd
    const url = (secret: string) =>
      `ldap://${encodeURIComponent(binding.dn)}:${encodeURIComponent(secret)}@127.0.0.1:${port}/${encodeURIComponent(base)}?startTls=no`
    const list = () => ada.call('providers.list', { domainId })
    await town.hub.elsewhere.setBy(url('not this one'))
    await town.hub.elsewhere.setBy(url(binding.password))
    const [made, ...others] = await list()
    assert.deepEqual([others.length, made?.isOn, made?.settings.kind], [0, true, 'ldap'])
    provider.id = made!.id
    await look()
    await town.somebody().signIn(at('person21'), 'pw-21')

    await ada.call('auth.confirm', { password })
    await ada.call('providers.set', {
      domainId,
      providerId: provider.id,
      isOn: true,
      settings: { ...made!.settings, pollSeconds: 30, label: 'Ours' } as never,
    })
    await town.hub.elsewhere.setBy(url(binding.password))
    const { settings } = (await list())[0]!
    assert.deepEqual(settings.kind === 'ldap' && [settings.pollSeconds, settings.label, settings.startTls], [30, 'Ours', false])
    assert.ok(!JSON.stringify(settings).includes(binding.password))
  })
})
