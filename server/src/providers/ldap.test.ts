import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { Attribute, Change } from 'ldapts'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { nodeOf } from '@atrium/platform/placement'
import { notRun } from '@atrium/platform/testing/needs'
import { administrator as binding, base, logged, peopleLdif, slapdProgram, slapdServer, type Slapd } from '@atrium/platform/testing/slapd'
import type { AccountId, DomainId, Draft, Hub, ProviderId } from '@atrium/protocol'
import { house, password, type House, type Someone } from '../directory/testing/house.ts'
import { connected } from './ldap/connection.ts'
import { escaped, ofIds, whole } from './ldap/filters.ts'
import { presets } from './ldap/presets.ts'
import { slices } from '../slices.ts'
import { liar } from './testing/liar.ts'

const domain = 'saltmarsh.example'
const count = 60
if (!slapdProgram()) notRun('LDAP', 'slapd')

describe.skipIf(!slapdProgram())('LDAP', () => {
  let slapd: Slapd
  let town: House
  let ada: Someone
  let domainId: DomainId
  let providerId: ProviderId

  const settings = (more: object = {}): Draft<Hub, 'providers.set'>['settings'] => ({
    ...{ kind: 'ldap', label: 'Our LDAP', preset: 'openldap', url: slapd.url, authority: slapd.authority },
    ...{ bindDn: binding.dn, bindPassword: binding.password, baseDn: base, pollSeconds: 1 },
    ...more,
  })
  const mirror = async () => (await ada.call('providers.list', { domainId })).find(({ id }) => id === providerId)!.mirror!
  /** Whoever begins to follow looks at once, as at every turn; `look` compares ids, too. */
  async function turn(): Promise<void> {
    await town.hub.elsewhere.stop()
    town.hub.elsewhere.follow()
  }
  const look = () => ada.call('providers.mirror', { domainId, providerId })
  const row = (address: string) =>
    town.db
      .selectFrom('account')
      .innerJoin('address', 'address.ownerId', 'account.id')
      .select(['account.id', 'account.name', 'account.status', 'account.source'])
      .where('address.address', '=', address)
      .executeTakeFirst()
  /** As the directory's own administrators change it. */
  async function there<T>(run: (client: Awaited<ReturnType<typeof connected>>['client']) => Promise<T>): Promise<T> {
    const asSet = { ...settings(), startTls: true, accountFilter: '', groupFilter: '', mirrors: true, writesBack: false } as never
    const ldap = await connected(asSet, binding.password, { outgoing: town.ground.outgoing, mayGoInside: true, timeoutMs: 5_000 })
    try {
      return await run(ldap.client)
    } finally {
      ldap.close()
    }
  }
  const replaced = (type: string, ...values: string[]) =>
    new Change({ operation: 'replace', modification: new Attribute({ type, values }) })
  const set = (dn: string, type: string, ...values: string[]): Promise<void> =>
    there((client) => client.modify(dn, replaced(type, ...values)))
  const standing = () =>
    town.db.selectFrom('mirror').select(['seen', 'settled', 'listedAt']).where('providerId', '=', providerId).executeTakeFirstOrThrow()
  const person = (i: number) => `uid=person${i},ou=people,${base}`
  const at = (name: string) => `${name}@${domain}`

  beforeAll(async () => {
    slapd = await slapdServer(peopleLdif(count, domain))
    town = await house(inject('cluster'))
    ada = await town.founded()
    domainId = (await ada.call('domains.list', {})).domains[0]!.id
    town.hub.elsewhere.follow()
  })
  afterAll(async () => {
    await town?.hub.stop()
    await town?.close()
    await slapd?.close()
  })

  test('nothing in a value is a part of a filter (RFC 4515)', () => {
    assert.equal(escaped('a*)(uid=b\\c\0é'), 'a\\2a\\29\\28uid=b\\5cc\\00é')
    assert.equal(whole('cn=\\C3\\a9\\2a'), '(cn=é\\2a)')
  })

  test('ids are found by their bytes, and names by their letters', async () => {
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
      assert.deepEqual(await search(whole(`title=${escaped('Zoë*')}`)), [person(9)])
      assert.deepEqual(await search(whole('title=Zo\\c3\\ab\\2a')), [person(9)])
      assert.deepEqual(await search(whole(`title=${escaped('Zo*')}`)), [])
    })
  })

  test('a connection is tried step by step, and what a mirror would do is said before it does it', async () => {
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
    const set = await ada.call('providers.set', { domainId, isOn: true, settings: settings() })
    providerId = set.id
    expect(JSON.stringify(set)).not.toContain(binding.password)
    await until('all are mirrored', async () => (await mirror()).accounts === count && (await mirror()).state === 'idle', 20_000)
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
    const before = (await row(at('person10')))!.id
    const eleven = town.somebody()
    await eleven.signIn(at('person11'), 'pw-11')
    const twelve = town.somebody()
    await twelve.signIn(at('person12'), 'pw-12')

    await set(person(10), 'displayName', 'Ünal Ötzi')
    await set(person(10), 'mail', at('unal'))
    await there((client) => client.modifyDN(person(10), `uid=unal,ou=left,${base}`))
    await set(person(11), 'pwdAccountLockedTime', '000001010000Z')
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

    await set(person(11), 'pwdAccountLockedTime')
    await turn()
    await until('who is enabled again is in', async () => (await row(at('person11')))?.status === 'active', 10_000)
  })

  test('groups are lists with the people in them, groups in groups too; who leaves a group leaves the list', async () => {
    const group = (name: string, ...members: string[]) =>
      there((client) => client.add(`cn=${name},ou=groups,${base}`, { objectClass: 'groupOfNames', cn: name, member: members }))
    await group('rowers', person(21), person(22))
    await group('everyone', person(23), `cn=rowers,ou=groups,${base}`)
    await turn()
    await until('both lists are here', async () => (await mirror()).lists === 2, 10_000)
    await look()
    const { lists } = await ada.call('lists.list', { domainId })
    const everyone = lists.find(({ address }) => address === at('everyone'))!
    const names = async (listId = everyone.id) =>
      (await ada.call('lists.members', { listId })).members.map((one) => ('name' in one ? one.name : one.address)).sort()
    assert.deepEqual(await names(), ['Person 23', 'rowers'])
    const isIn = async (i: number) =>
      (await ada.call('lists.of', { accountId: (await row(at(`person${i}`)))!.id as AccountId })).map(({ list }) => list.name)
    assert.deepEqual((await isIn(21)).sort(), ['everyone', 'rowers'])

    await set(`cn=rowers,ou=groups,${base}`, 'member', person(22))
    await turn()
    await until('who left is out', async () => (await isIn(21)).length === 0, 10_000)
    await there((client) => client.del(`cn=everyone,ou=groups,${base}`))
    await look()
    // One of two: half of all there is. Nothing is taken away by that.
    assert.equal((await ada.call('lists.list', { domainId })).lists.length, 2)
  })

  test('what LDAP keeps is changed there; where it may be written from here, it is, and read back', async () => {
    const accountId = (await row(at('person24')))!.id as AccountId
    const refused = await ada.refusal('accounts.change', { accountId, title: 'Cox' })
    assert.deepEqual([refused.key, refused.field], ['providers.keptInLdap', 'title'])
    assert.ok((await ada.call('accounts.get', { accountId })).readOnlyFields.includes('phoneWork'))

    await ada.call('providers.set', { domainId, providerId, isOn: true, settings: settings({ writesBack: true }) })
    await ada.call('accounts.change', { accountId, title: 'Cox', given: 'Örn', profile: { phoneWork: '', city: 'Møre' } })
    const entry = async () =>
      (await there((client) => client.search(person(24), { scope: 'base', attributes: ['*', '+'] }))).searchEntries[0]!
    const { title, givenName, l, telephoneNumber } = await entry()
    assert.deepEqual([title, givenName, l, telephoneNumber], ['Cox', 'Örn', 'Møre', undefined])
    await ada.call('accounts.status', { accountId, status: 'locked' })
    assert.equal((await entry())['pwdAccountLockedTime'], '000001010000Z')
    await ada.call('accounts.status', { accountId, status: 'active' })
    assert.equal((await entry())['pwdAccountLockedTime'], undefined)

    // What LDAP does not take does not stay here either: a country there has two letters.
    const wrong = await ada.refusal('accounts.change', { accountId, profile: { country: 'Norway' } })
    assert.equal(wrong.key, 'providers.notWritten')
    assert.equal((await ada.call('accounts.get', { accountId })).profile.country, '')
    await ada.call('providers.set', { domainId, providerId, isOn: true, settings: settings() })
  })

  test('what LDAP keeps of a list is changed there; where it may be written from here, it is, and read back', async () => {
    const dn = `cn=rowers,ou=groups,${base}`
    const listId = (await ada.call('lists.list', { domainId })).lists.find(({ address }) => address === at('rowers'))!.id
    const entry = async (name = dn) => (await there((client) => client.search(name, { scope: 'base' }))).searchEntries[0]!
    const members = async () => (await ada.call('lists.members', { listId })).members.map(({ address }) => address!).sort()
    const change = { listId, add: [at('person24')] }
    const refused = await ada.refusal('lists.members.change', change)
    assert.deepEqual([refused.key, refused.field], ['providers.keptInLdap', 'members'])
    assert.equal((await ada.refusal('lists.change', { listId, description: 'In boats' })).field, 'description')
    assert.equal((await ada.refusal('lists.delete', { listId })).key, 'providers.keptInLdap')
    assert.ok((await ada.call('lists.get', { listId })).readOnlyFields.includes('members'))
    // What is no business of LDAP is changed here.
    await ada.call('lists.change', { listId, name: 'rowers', notifiesMembers: true })

    await ada.call('providers.set', { domainId, providerId, isOn: true, settings: settings({ writesBack: true }) })
    assert.deepEqual((await ada.call('lists.get', { listId })).readOnlyFields, ['name', 'address'])
    // Somebody came in there meanwhile: they stay.
    const helms = `cn=helms,ou=groups,${base}`
    await there((client) => client.add(helms, { objectClass: 'groupOfNames', cn: 'helms', member: person(26) }))
    await look()
    await set(dn, 'member', person(22), person(25))
    await ada.call('lists.members.change', { listId, add: [at('person24'), at('helms')], remove: [at('person22')] })
    await ada.call('lists.change', { listId, description: 'In boats,\nevery Sunday' })
    const { member, description } = await entry()
    assert.deepEqual([member].flat().sort(), [helms, person(24), person(25)])
    assert.equal(description, 'In boats,\nevery Sunday')
    await turn()
    await until('who came in there is here', async () => (await members()).includes(at('person25')), 10_000)
    assert.deepEqual(await members(), ['helms', 'person24', 'person25'].map(at))

    const outside = await ada.refusal('lists.members.change', { listId, add: ['mum@elsewhere.example'] })
    assert.deepEqual([outside.key, outside.params], ['providers.memberNotInLdap', { member: 'mum@elsewhere.example' }])
    assert.equal((await ada.refusal('lists.members.change', { listId, remove: await members() })).key, 'providers.lastMember')
    assert.deepEqual(await members(), ['helms', 'person24', 'person25'].map(at))

    // Who may only read there changes nothing, here either.
    const reader = { bindDn: person(1), bindPassword: 'pw-1', writesBack: true }
    await ada.call('providers.set', { domainId, providerId, isOn: true, settings: settings(reader) })
    assert.equal((await ada.refusal('lists.members.change', { listId, add: [at('person26')] })).key, 'providers.notWritten')
    assert.deepEqual(await members(), ['helms', 'person24', 'person25'].map(at))
    assert.equal([(await entry())['member']].flat().length, 3)
  })

  test('groups that name their members otherwise are read and written as they do', async () => {
    const groupFilter = '(|(objectClass=groupOfUniqueNames)(objectClass=groupOfNames)(objectClass=posixGroup))'
    await ada.call('providers.set', { domainId, providerId, isOn: true, settings: settings({ writesBack: true, groupFilter }) })
    const unique = { objectClass: 'groupOfUniqueNames', cn: 'pilots', uniqueMember: [person(27)] }
    const machines = { objectClass: 'posixGroup', cn: 'sudoers', gidNumber: '27', memberUid: ['person28', 'root'] }
    await there((client) => client.add(`cn=pilots,ou=groups,${base}`, unique))
    await there((client) => client.add(`cn=sudoers,ou=groups,${base}`, machines))
    await look()
    const { lists } = await ada.call('lists.list', { domainId })
    const written = async (name: string, attribute: string) =>
      (await there((client) => client.search(`cn=${name},ou=groups,${base}`, { scope: 'base' }))).searchEntries[0]![attribute]
    for (const [name, of, attribute, value] of [
      ['pilots', 27, 'uniqueMember', person(29)],
      ['sudoers', 28, 'memberUid', 'person29'],
    ] as const) {
      const listId = lists.find(({ address }) => address === at(name))!.id
      const names = async () => (await ada.call('lists.members', { listId })).members.map(({ address }) => address).sort()
      assert.deepEqual(await names(), [at(`person${of}`)])
      await ada.call('lists.members.change', { listId, add: [at('person29')] })
      assert.ok([await written(name, attribute)].flat().includes(value))
      await ada.call('lists.members.change', { listId, remove: [at(`person${of}`)] })
      assert.deepEqual(await names(), [at('person29')])
      assert.deepEqual(await written(name, attribute), name === 'pilots' ? value : ['root', value])
    }
    await ada.call('providers.set', { domainId, providerId, isOn: true, settings: settings() })
  })

  test('lists of Zimbra name addresses, whoever has them; who is deleted there is out soon, too', async () => {
    const theirs = await ada.call('domains.create', { name: 'zimbra.example' })
    const at = (name: string) => `${name}@zimbra.example`
    const tree = `ou=zimbra,${base}`
    await there(async (client) => {
      await client.add(tree, { objectClass: 'organizationalUnit', ou: 'zimbra' })
      for (const name of ['bow', 'stroke', 'cox'])
        await client.add(`uid=${name},${tree}`, {
          ...{ objectClass: ['inetOrgPerson', 'zimbraAccount'], uid: name, cn: name, sn: name, displayName: name },
          ...{ zimbraId: `id-${name}`, zimbraMailDeliveryAddress: at(name), mail: at(name), zimbraAccountStatus: 'active' },
        })
      await client.add(`uid=crew,${tree}`, {
        ...{ objectClass: 'zimbraDistributionList', uid: 'crew', zimbraId: 'id-crew', mail: at('crew'), displayName: 'Crew' },
        zimbraMailForwardingAddress: [at('bow'), 'mum@elsewhere.example'],
      })
    })
    const mine = { preset: 'zimbra', baseDn: tree, writesBack: true }
    await ada.call('providers.set', { domainId: theirs.id, isOn: true, settings: settings(mine) })
    await until('the list is here', async () => (await ada.call('lists.list', { domainId: theirs.id })).lists.length === 1, 10_000)
    const [crew] = (await ada.call('lists.list', { domainId: theirs.id })).lists
    const members = async () => (await ada.call('lists.members', { listId: crew!.id })).members.map(({ address }) => address).sort()
    await until('who is in it, too', async () => (await members()).length === 2)
    assert.deepEqual([crew!.name, await members()], ['Crew', [at('bow'), 'mum@elsewhere.example']])

    await ada.call('lists.change', { listId: crew!.id, name: 'The crew', description: 'Eight' })
    const change = { add: [at('stroke'), 'dad@elsewhere.example'], remove: [at('bow'), 'mum@elsewhere.example'] }
    await ada.call('lists.members.change', { listId: crew!.id, ...change })
    const { searchEntries } = await there((client) => client.search(`uid=crew,${tree}`, { scope: 'base' }))
    const { displayName, description, zimbraMailForwardingAddress } = searchEntries[0]!
    assert.deepEqual([displayName, description], ['The crew', 'Eight'])
    assert.deepEqual([zimbraMailForwardingAddress].flat().sort(), change.add.toSorted())
    assert.deepEqual(await members(), change.add.toSorted())

    await there((client) => client.del(`uid=cox,${tree}`))
    await until('who is deleted is out', async () => (await row(at('cox')))?.status === 'locked', 10_000)
  })

  test('what is deleted while nobody looks is found by whoever looks next; bit by bit is as much as at once', async () => {
    const isOut = (i: number) => async () => (await row(at(`person${i}`)))!.status === 'locked'
    const here = () => town.db.selectFrom('account').select('id').where('source', '=', 'ldap').where('status', '=', 'active').execute()
    await until('all deletions are known', async () => (await standing()).settled === (await standing()).seen, 10_000)
    const { listedAt } = await standing()
    const others = await here()

    // Another hub goes on where this one stopped.
    await town.hub.elsewhere.stop()
    await there((client) => client.del(person(41)))
    const other = slices({ ...town.ground, node: nodeOf('other') })
    other.elsewhere.follow()
    try {
      town.hub.elsewhere.follow()
      await until('the other hub knows it', isOut(41), 5_000)
    } finally {
      await other.elsewhere.stop()
    }
    await town.hub.elsewhere.stop()

    // More changed than the server can say one by one: it names all who are there.
    await there(async (client) => {
      for (let i = 0; i <= logged; i++) await client.modify(person(42 + (i % 5)), replaced('title', `Rower ${i}`))
      await client.del(person(47))
    })
    town.hub.elsewhere.follow()
    await until('it is known from who is there', isOut(47), 5_000)
    assert.deepEqual((await standing()).listedAt, listedAt, 'nobody compared ids for that')
    await town.hub.elsewhere.stop()

    // The server does not know the state we speak of: it is compared, and nobody else is out.
    await town.db
      .updateTable('mirror')
      .set({ settled: '20990101000000.000000Z#000000#000#000000' })
      .where('providerId', '=', providerId)
      .execute()
    const { seen } = await standing()
    await there((client) => client.del(person(48)))
    town.hub.elsewhere.follow()
    await until('that something changed is known', async () => (await standing()).seen !== seen, 5_000)
    assert.equal((await here()).length, others.length - 2)
    await look()
    assert.equal((await mirror()).state, 'asks', 'one by one they were more than a twentieth')
    assert.equal((await here()).length, others.length - 2)
    await ada.call('providers.answer', { domainId, providerId, answer: 'accept' })
    await until('an administrator knows', isOut(48))
    assert.equal((await mirror()).state, 'idle')
  })

  test('whoever was locked here stays locked, whatever LDAP says', async () => {
    const { id } = (await row(at('person13')))!
    await town.db.updateTable('account').set({ status: 'closed' }).where('id', '=', id).execute()
    await set(person(13), 'displayName', 'Changed')
    await turn()
    await until('the change is here', async () => (await row(at('person13')))!.name === 'Changed', 10_000)
    assert.equal((await row(at('person13')))!.status, 'closed')
  })

  test('what the password policy says is said', async () => {
    for (let i = 0; i < 3; i++)
      assert.equal(
        (await town.somebody({ source: `10.1.0.${i}` }).refusal('auth.signIn', { address: at('person14'), password: `no ${i}` })).key,
        'auth.wrongPassword',
      )
    const refused = await town.somebody({ source: '10.1.0.9' }).refusal('auth.signIn', { address: at('person14'), password: 'pw-14' })
    assert.equal(refused.key, 'providers.passwordLocked')
  })

  test('[R-17] a server that hangs: who is signed in stays so, and others are told soon', async () => {
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

  test('[R-17] whatever a server lies, nobody is locked by it; many who really left go when somebody says so', async () => {
    const proxy = await liar(slapd.port)
    const here = () => town.db.selectFrom('account').select('id').where('source', '=', 'ldap').where('status', '=', 'active').execute()
    try {
      await ada.call('providers.set', { domainId, providerId, isOn: true, settings: settings({ url: proxy.url, startTls: false }) })
      await look()
      const before = (await here()).length
      for (const [mood, state, problem] of [
        ['empty', 'asks', null],
        ['half', 'asks', null],
        ['truncated', 'unreachable', 'truncated'],
        ['referral', 'unreachable', 'referral'],
      ] as const) {
        proxy.tells(mood)
        await look()
        const said = await mirror()
        assert.deepEqual([said.state, said.problem], [state, problem], mood)
        assert.equal((await here()).length, before, mood)
        proxy.tells('honest')
        await look()
        assert.deepEqual([(await mirror()).state, (await mirror()).vanished], ['idle', 0], `after ${mood}`)
      }

      // Whatever it says of deletions: who is there by name is not deleted.
      const ids = await town.db
        .selectFrom('mirrored')
        .select(['externalId', 'ownerId'])
        .where('providerId', '=', providerId)
        .where('kind', '=', 'account')
        .execute()
      const twenty = (await row(at('person20')))!.id
      for (const [deleted, state] of [
        [ids.map(({ externalId }) => externalId), 'asks'],
        [ids.flatMap(({ externalId, ownerId }) => (ownerId === twenty ? [externalId] : [])), 'idle'],
      ] as const) {
        proxy.synchronises({ deleted })
        await set(person(20), 'title', `Bow ${deleted.length}`)
        await turn()
        await until(`${deleted.length} are said to be gone`, async () => {
          const { seen, settled } = await standing()
          return (await mirror()).state === state && (state === 'asks' || settled === seen)
        })
        assert.equal((await here()).length, before)
        await look()
        assert.equal((await mirror()).state, 'idle')
      }
      // e-syncRefreshRequired
      proxy.synchronises({ code: 4096 })
      const { seen } = await standing()
      await set(person(20), 'title', 'Stroke')
      await turn()
      await until('that something changed is known', async () => (await standing()).seen !== seen)
      assert.notEqual((await standing()).settled, (await standing()).seen, 'to be compared')
      assert.equal((await here()).length, before)
      proxy.synchronises()

      for (let i = 30; i < 40; i++) await there((client) => client.del(person(i)))
      await look()
      assert.deepEqual([(await mirror()).state, (await mirror()).vanished], ['asks', 10])
      assert.equal((await here()).length, before)
      await ada.call('providers.answer', { domainId, providerId, answer: 'dismiss' })
      assert.equal((await mirror()).state, 'asks')
      await ada.call('providers.answer', { domainId, providerId, answer: 'accept' })
      assert.equal((await mirror()).state, 'idle')
      assert.equal((await here()).length, before - 10)
      assert.equal((await ada.refusal('providers.answer', { domainId, providerId, answer: 'accept' })).key, 'providers.notAsking')
    } finally {
      await proxy.close()
    }
  })

  test('a secret goes to no other place than it was given for', async () => {
    const { bindPassword: _, ...without } = settings({ url: 'ldap://127.0.0.1:1' }) as { bindPassword: string } & Draft<
      Hub,
      'providers.set'
    >['settings']
    const refused = await ada.refusal('providers.set', { domainId, providerId, isOn: true, settings: without as never })
    assert.deepEqual([refused.key, refused.field], ['providers.secretAgain', 'settings.bindPassword'])
    // Somebody who listens there hears nothing of it.
    const heard: Buffer[] = []
    const listener = createServer((socket) => void socket.on('data', (data) => (heard.push(data), socket.destroy()))).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const url = `ldap://127.0.0.1:${(listener.address() as AddressInfo).port}`
    await ada.ask('providers.test', { domainId, providerId, settings: { ...without, url, startTls: false, authority: null } as never })
    listener.close()
    assert.ok(!Buffer.concat(heard).includes(binding.password))
    const trying = await ada.refusal('providers.test', { domainId, providerId, settings: without as never })
    assert.deepEqual([trying.key, trying.field], ['providers.secretAgain', 'settings.bindPassword'], 'nor by a test of what is to come')
  })

  test('when the provider goes, its people stay, and are kept here', async () => {
    await ada.call('providers.remove', { domainId, providerId })
    assert.deepEqual(await ada.call('providers.list', { domainId }), [])
    assert.equal((await row(at('person20')))!.source, 'here')
    assert.equal((await town.somebody().refusal('auth.signIn', { address: at('person20'), password: 'pw-20' })).key, 'auth.wrongPassword')
  })

  test('LDAP_URL sets the server of the first domain, once, and leaves what was set besides it', async () => {
    const { port } = slapd
    const url = (secret: string) =>
      `ldap://${encodeURIComponent(binding.dn)}:${encodeURIComponent(secret)}@127.0.0.1:${port}/${encodeURIComponent(base)}?startTls=no`
    const list = () => ada.call('providers.list', { domainId })
    await town.hub.elsewhere.setBy(url('not this one'))
    await town.hub.elsewhere.setBy(url(binding.password))
    const [made, ...others] = await list()
    assert.deepEqual([others.length, made?.isOn, made?.settings.kind], [0, true, 'ldap'])
    providerId = made!.id
    await look()
    await town.somebody().signIn(at('person21'), 'pw-21')

    await ada.call('auth.confirm', { password })
    await ada.call('providers.set', {
      domainId,
      providerId,
      isOn: true,
      settings: { ...made!.settings, pollSeconds: 30, label: 'Ours' } as never,
    })
    await town.hub.elsewhere.setBy(url(binding.password))
    const { settings } = (await list())[0]!
    assert.deepEqual(settings.kind === 'ldap' && [settings.pollSeconds, settings.label, settings.startTls], [30, 'Ours', false])
    assert.ok(!JSON.stringify(settings).includes(binding.password))
  })
})
