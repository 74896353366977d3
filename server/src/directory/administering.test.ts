import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, inject, test } from 'vitest'
import type { Account, AccountId, Domain } from '@atrium/protocol'
import { house, password, type House, type Someone } from './testing/house.ts'

let hub: House
let ada: Someone
let home: Domain
beforeAll(async () => {
  hub = await house(inject('cluster'))
  ada = await hub.founded()
  home = (await ada.call('domains.list', {})).domains[0]!
})
afterAll(() => hub.close())

const within = (name: string) => `${name}-${randomUUID().slice(0, 6)}`
const aDomain = (name = `${within('d')}.example`) => ada.call('domains.create', { name })
const aClass = (values: object = {}) => ada.call('cos.create', { name: within('Class'), values })
const anAccount = async (domainId: Domain['id'] = home.id, more: object = {}): Promise<Account> =>
  (await ada.call('accounts.create', { domainId, userName: within('one'), given: 'One', surname: 'Of Many', ...more })).account
const comeIn = async (account: Account): Promise<Someone> => {
  const browser = hub.somebody()
  const link = await ada.call('directory.person.invite', { accountId: account.id })
  await browser.call('auth.invitation.accept', { token: hub.tokenOf(link), password })
  browser.accountId = account.id
  return browser
}

test('the set-up founds the first domain and the class that everybody has who has no other', async () => {
  assert.equal(home.name, 'saltmarsh.example')
  const me = await ada.call('accounts.get', { accountId: ada.accountId })
  assert.deepEqual([me.type, me.domainId, me.cosId, me.hasOwnCos], ['administrator', home.id, home.defaultCosId, false])
  assert.equal((await ada.call('cos.get', { cosId: home.defaultCosId })).accounts, home.accounts)
})

test('[DIR-16] an account is created with its class, its notes and a link, and a repetition is the same account', async () => {
  const cos = await aClass()
  const draft = {
    clientId: randomUUID(),
    domainId: home.id,
    userName: 'JohnSmith',
    given: 'John',
    initials: 'Q.',
    surname: 'Smith',
    cosId: cos.id,
  }
  const { account, invitation } = await ada.call('accounts.create', { ...draft, notes: 'Comes in May' })
  assert.deepEqual(
    [account.name, account.address, account.status, account.cosId, account.notes, account.type],
    ['John Q. Smith', 'johnsmith@saltmarsh.example', 'invited', cos.id, 'Comes in May', 'normal'],
  )
  const again = await ada.call('accounts.create', { ...draft, notes: 'Comes in May' })
  assert.equal(again.account.id, account.id)
  assert.notEqual(again.invitation!.path, invitation!.path)
  assert.equal((await ada.refusal('accounts.create', { ...draft, clientId: randomUUID() })).key, 'directory.addressTaken')
  assert.deepEqual(await ada.call('accounts.userName', { domainId: home.id, given: 'John', initials: '', surname: 'Smith' }), {
    userName: 'JohnSmith2',
  })
  assert.deepEqual(await ada.call('accounts.userName', { domainId: home.id, given: 'Heinz', initials: '', surname: 'Groß' }), {
    userName: null,
  })
})

test('[DIR-16] a first password is good for choosing another, and for nothing else', async () => {
  const account = await anAccount(home.id, { password: 'a first one of nine' })
  assert.deepEqual([account.status, account.hasPassword, account.mustChangePassword], ['active', true, true])
  const browser = hub.somebody()
  await browser.ask('auth.signIn', { address: account.address!, password: 'a first one of nine' })
  assert.equal((await browser.refusal('directory.me', {})).code, 'unauthenticated')
})

test('[DIR-16] of fifty who create one address at once, one does', async () => {
  const userName = within('same')
  const all = await Promise.all(
    Array.from({ length: 50 }, () => ada.ask('accounts.create', { domainId: home.id, userName, given: 'Same' })),
  )
  assert.equal(all.filter((reply) => reply.ok).length, 1)
  assert.ok(all.every((reply) => reply.ok || reply.error.key === 'directory.addressTaken'))
})

test('[DIR-15] of fifty who create the last accounts of a domain at once, as many as fit do, and the refusal says how many', async () => {
  const domain = await aDomain()
  await ada.call('domains.limits', { domainId: domain.id, limits: { accounts: 7 } })
  const all = await Promise.all(
    Array.from({ length: 50 }, (_, i) => ada.ask('accounts.create', { domainId: domain.id, userName: `n${i}`, given: 'N' })),
  )
  assert.equal(all.filter((reply) => reply.ok).length, 7)
  const refused = all.find((reply) => !reply.ok)
  assert.deepEqual(!refused!.ok && [refused!.error.key, refused!.error.params], ['accounts.domainFull', { max: 7 }])
  assert.equal((await ada.call('domains.get', { domainId: domain.id })).accounts, 7)

  // Nobody moves into what is full either.
  const outsider = await anAccount()
  assert.equal((await ada.refusal('accounts.move', { accountId: outsider.id, toDomainId: domain.id })).key, 'accounts.domainFull')
})

test('[DIR-15] a domain allows classes, and so many of each', async () => {
  const [domain, rare] = [await aDomain(), await aClass()]
  const usual = { cosId: domain.defaultCosId, accounts: null }
  assert.equal(
    (await ada.refusal('domains.limits', { domainId: domain.id, limits: { classes: [{ cosId: rare.id, accounts: 1 }] } })).key,
    'accounts.classNotAllowed',
  )
  await ada.call('domains.limits', { domainId: domain.id, limits: { classes: [usual, { cosId: rare.id, accounts: 1 }] } })
  const [first, second] = [await anAccount(domain.id, { cosId: rare.id }), await anAccount(domain.id)]
  const tooMany = await ada.refusal('accounts.values', { accountId: second.id, cosId: rare.id })
  assert.deepEqual([tooMany.key, tooMany.params], ['accounts.classFull', { max: 1 }])
  await ada.call('accounts.values', { accountId: first.id, cosId: null })
  await ada.call('accounts.values', { accountId: second.id, cosId: rare.id })
  const other = await aClass()
  assert.equal((await ada.refusal('accounts.values', { accountId: first.id, cosId: other.id })).key, 'accounts.classNotAllowed')
})

test('[DIR-13] a change of the class reaches everybody who did not choose otherwise, at once; null inherits again', async () => {
  const cos = await aClass({ 'preferences.theme': 'dark' })
  const account = await anAccount(home.id, { cosId: cos.id })
  assert.deepEqual([account.effective['preferences.theme'], account.values], ['dark', {}])

  const own = await ada.call('accounts.values', { accountId: account.id, values: { 'messages.editWithin': 60 } })
  assert.deepEqual([own.values, own.inherited['messages.editWithin']], [{ 'messages.editWithin': 60 }, 86_400])
  const facts = hub.heard.length
  await ada.call('cos.change', { cosId: cos.id, values: { 'preferences.theme': 'light', 'messages.editWithin': 30 } })
  const after = await ada.call('accounts.get', { accountId: account.id })
  assert.deepEqual([after.effective['preferences.theme'], after.effective['messages.editWithin']], ['light', 60])
  assert.deepEqual(
    hub.heard.slice(facts).map(({ name, payload }) => [name, payload]),
    [['values.changing', { cosId: cos.id, domainId: null }]],
  )

  const back = await ada.call('accounts.values', { accountId: account.id, values: { 'messages.editWithin': null } })
  assert.deepEqual([back.values, back.effective['messages.editWithin']], [{}, 30])
  // What is the same as before writes nothing.
  await ada.call('cos.change', { cosId: cos.id, values: { 'preferences.theme': 'light' } })
  assert.equal(hub.heard.slice(facts).filter(({ name }) => name === 'values.changing').length, 1)

  const person = await comeIn(account)
  assert.equal((await person.call('me.values', {})).effective['preferences.theme'], 'light')
  assert.equal((await person.call('me.preferences', { values: { 'preferences.theme': 'dark' } })).own['preferences.theme'], 'dark')
})

test('[DIR-15] of two administrators who limit a domain at once neither takes back what the other one said; null lifts a cap', async () => {
  const domain = await aDomain()
  const limit = (limits: object) => ada.call('domains.limits', { domainId: domain.id, limits })
  const usual = [{ cosId: domain.defaultCosId, accounts: 9 }]
  await Promise.all([
    limit({ accounts: 7 }),
    limit({ bytes: 1_000_000 }),
    limit({ classes: usual }),
    limit({ caps: { 'files.quota': 500_000 } }),
    limit({ caps: { 'features.meetings': false } }),
  ])
  const { limits } = await ada.call('domains.get', { domainId: domain.id })
  assert.deepEqual(limits, { accounts: 7, bytes: 1_000_000, classes: usual, caps: { 'files.quota': 500_000, 'features.meetings': false } })
  const lifted = await limit({ accounts: null, caps: { 'files.quota': null } })
  assert.deepEqual(lifted.limits, { accounts: null, bytes: 1_000_000, classes: usual, caps: { 'features.meetings': false } })
})

test('[DIR-15] a value beyond the domain’s cap is refused with the cap, and a class beyond it is capped', async () => {
  const [domain, generous] = [await aDomain(), await aClass({ 'files.quota': 1_000_000 })]
  await ada.call('domains.limits', {
    domainId: domain.id,
    limits: { caps: { 'files.quota': 500_000, 'features.meetings': false } },
  })
  const account = await anAccount(domain.id, { cosId: generous.id })
  assert.deepEqual([account.effective['files.quota'], account.effective['features.meetings']], [500_000, false])
  assert.ok(account.capped.includes('files.quota'))
  const beyond = await ada.refusal('accounts.values', { accountId: account.id, values: { 'files.quota': 600_000 } })
  assert.deepEqual([beyond.key, beyond.params], ['accounts.beyondCap', { key: 'files.quota', max: '500000' }])

  const person = await comeIn(account)
  const { room } = await person.call('chat.room.create', { name: 'No meetings here', memberIds: [] })
  assert.equal((await person.refusal('meetings.start', { roomId: room.id })).key, 'accounts.featureOff')
  assert.equal((await person.call('files.spaces', {})).usage.maxBytes, 500_000)
})

test('a class that somebody has, or that is a default, stays; a copy is a class of its own', async () => {
  const cos = await aClass({ 'files.quota': 5 })
  const copy = await ada.call('cos.copy', { cosId: cos.id, name: within('Copy') })
  assert.deepEqual(copy.values, { 'files.quota': 5 })
  const account = await anAccount(home.id, { cosId: cos.id })
  assert.equal((await ada.refusal('cos.delete', { cosId: cos.id })).key, 'cos.inUse')
  assert.equal((await ada.refusal('cos.delete', { cosId: home.defaultCosId })).key, 'cos.inUse')
  assert.equal((await ada.refusal('cos.change', { cosId: copy.id, name: cos.name.toUpperCase() })).key, 'cos.nameTaken')
  await ada.call('accounts.values', { accountId: account.id, cosId: null })
  await ada.call('cos.delete', { cosId: cos.id })
  assert.equal((await ada.refusal('cos.get', { cosId: cos.id })).code, 'not_found')
})

test('an alias belongs to one account, is found and signs in; removed it is free', async () => {
  const [account, other, elsewhere] = [await anAccount(), await anAccount(), await aDomain()]
  const userName = within('alias')
  const alias = `${userName}@${elsewhere.name}`
  const { aliases } = await ada.call('accounts.alias.add', { accountId: account.id, domainId: elsewhere.id, userName })
  assert.deepEqual(aliases, [alias])
  assert.equal(
    (await ada.refusal('accounts.alias.add', { accountId: other.id, domainId: elsewhere.id, userName })).key,
    'directory.addressTaken',
  )
  const found = await ada.call('accounts.list', { search: alias })
  assert.deepEqual(
    found.accounts.map(({ id }) => id),
    [account.id],
  )
  await comeIn(account)
  await hub.somebody().signIn(alias)

  assert.equal((await ada.refusal('domains.delete', { domainId: elsewhere.id })).key, 'domains.notEmpty')
  assert.deepEqual((await ada.call('accounts.alias.remove', { accountId: account.id, address: alias })).aliases, [])
  await ada.call('accounts.alias.add', { accountId: other.id, domainId: elsewhere.id, userName })
})

test('[DIR-17] who moves keeps id, rooms and files; the old address stays as an alias, or is free', async () => {
  const [account, to] = [await anAccount(), await aDomain()]
  const person = await comeIn(account)
  const { room } = await person.call('chat.room.create', { name: 'Moving', memberIds: [] })
  const moved = await ada.call('accounts.move', { accountId: account.id, toDomainId: to.id })
  const local = account.address!.split('@')[0]
  assert.deepEqual([moved.id, moved.address, moved.aliases, moved.domainId], [account.id, `${local}@${to.name}`, [account.address], to.id])
  assert.equal((await person.call('chat.open', { roomId: room.id })).view.room.name, 'Moving')
  const back = await ada.call('accounts.move', { accountId: account.id, toDomainId: home.id, keepsAlias: false })
  assert.deepEqual([back.address, back.aliases], [account.address, []])

  const namesake = await anAccount(to.id, { userName: local })
  assert.equal((await ada.refusal('accounts.move', { accountId: namesake.id, toDomainId: home.id })).key, 'directory.addressTaken')
})

test('a name that was made of its parts follows them, and one that was chosen does not', async () => {
  const account = await anAccount(home.id, { given: 'Maria', surname: 'Rossi' })
  const married = await ada.call('accounts.change', { accountId: account.id, surname: 'Bianchi' })
  assert.equal(married.name, 'Maria Bianchi')
  const named = await ada.call('accounts.change', { accountId: account.id, name: 'The Boss' })
  assert.equal((await ada.call('accounts.change', { accountId: account.id, given: 'Marie' })).name, named.name)
  const renamed = await ada.call('accounts.change', { accountId: account.id, userName: within('new'), profile: { city: 'Trieste' } })
  assert.equal(renamed.profile.city, 'Trieste')
  assert.notEqual(renamed.address, account.address)
  assert.deepEqual(
    (await ada.call('accounts.list', { search: renamed.address! })).accounts.map(({ id }) => id),
    [account.id],
  )
  assert.equal((await ada.call('accounts.list', { search: account.address! })).accounts.length, 0)
})

test('[DIR-18] which fields of a profile its person may change is a value of theirs', async () => {
  const account = await anAccount()
  const person = await comeIn(account)
  const facts = hub.heard.length
  assert.equal((await person.call('me.profile.change', { profile: { phoneWork: '+39 040 1' } })).phoneWork, '+39 040 1')
  await person.call('me.profile.change', { profile: { phoneWork: '+39 040 1' } })
  assert.deepEqual(
    hub.heard.slice(facts).map(({ name, payload }) => [name, payload]),
    [['people.card.changed', { accountId: account.id }]],
    'who shows the card is told, once',
  )
  await ada.call('accounts.values', { accountId: account.id, values: { 'profile.ownFields': ['company'] } })
  assert.equal((await person.refusal('me.profile.change', { profile: { phoneWork: '+39 040 2' } })).key, 'accounts.notYourField')
  assert.equal((await person.refusal('directory.profile.change', { name: 'Somebody Else' })).key, 'accounts.notYourField')
  await person.call('me.profile.change', { profile: { company: 'Saltmarsh' } })
  assert.equal((await person.refusal('me.profile.change', { profile: { phoneWork: '0'.repeat(61) } })).field, 'profile.phoneWork')
  const bob = await comeIn(await anAccount())
  const card = await bob.call('people.card', { accountId: account.id as AccountId })
  assert.deepEqual([card.profile.company, card.profile.phoneWork], ['Saltmarsh', '+39 040 1'])
  await ada.call('accounts.change', { accountId: account.id, isHidden: true })
  assert.equal((await bob.call('people.card', { accountId: account.id })).profile.company, '')
  assert.equal((await bob.call('directory.people', { search: account.address! })).people.length, 0)
})

test('[DIR-2] of administrators who demote each other at once one stays', async () => {
  const other = await comeIn(await anAccount())
  await ada.call('accounts.administrator', { accountId: other.accountId, isAdministrator: true })
  const both = await Promise.all([
    ada.ask('accounts.administrator', { accountId: other.accountId, isAdministrator: false }),
    other.ask('accounts.administrator', { accountId: ada.accountId, isAdministrator: false }),
  ])
  assert.equal(both.filter((reply) => reply.ok).length, 1)
  const [left, gone] = both[0].ok ? [ada, other] : [other, ada]
  await left.call('accounts.administrator', { accountId: gone.accountId, isAdministrator: true })
  await ada.call('accounts.administrator', { accountId: other.accountId, isAdministrator: false })
  assert.equal(
    (await ada.refusal('accounts.administrator', { accountId: ada.accountId, isAdministrator: false })).key,
    'directory.lastAdministrator',
  )
})

test('[DIR-1] who administers no longer, or is shut out, sees no page more, and one without anybody is as empty as it says', async () => {
  const account = await anAccount()
  const other = await comeIn(account)
  const seen = async () => {
    const reply = await other.ask('accounts.list', { search: account.address! })
    return reply.ok ? reply.data.accounts.length : reply.error.key
  }
  const change = (isAdministrator: boolean) => ada.call('accounts.administrator', { accountId: other.accountId, isAdministrator })
  for (let n = 0; n < 2; n++) {
    await change(true)
    assert.equal(await seen(), 1)
    const before = hub.statements.length
    assert.equal(await seen(), 1)
    // The session, and the page.
    assert.equal(hub.statements.length - before, 2, hub.statements.slice(before).join('\n'))
    assert.deepEqual((await other.call('accounts.list', { search: 'nobody is called this' })).accounts, [])
    assert.equal(hub.statements.length - before, 5, 'whoever sees nobody is asked about')
    await change(false)
    assert.equal(await seen(), 'forbidden')
  }
  await change(true)
  assert.equal(await seen(), 1)
  await hub.db.updateTable('account').set({ status: 'locked' }).where('id', '=', other.accountId).execute()
  assert.equal(await seen(), 'forbidden')
})

test('one thing for many: what is refused is said, the others are done', async () => {
  const [one, two] = [await anAccount(), await anAccount()]
  const { done, refused } = await ada.call('accounts.bulk', {
    accountIds: [one.id, two.id, ada.accountId],
    action: { do: 'status', status: 'locked' },
  })
  assert.deepEqual([done, refused], [2, [{ accountId: ada.accountId, key: 'directory.notYourself' }]])
  assert.equal((await ada.call('accounts.get', { accountId: two.id })).status, 'locked')
})

test('rows of a file are tried first and made then, each on its own', async () => {
  const domain = await aDomain()
  const rows = [
    { userName: 'ann', Given: 'Ann', surname: 'Lee', inviteTo: '' },
    { userName: 'ann', given: 'Ann again' },
    { userName: 'not a name' },
    { userName: 'bert', colour: 'red' },
    { userName: 'carl', status: 'pending' },
  ]
  const states = async (isDryRun: boolean) =>
    (await ada.call('accounts.import', { domainId: domain.id, rows, isDryRun })).rows.map(({ state, field }) => [state, field])
  const faults = [
    ['exists', 'userName'],
    ['refused', 'userName'],
    ['refused', 'colour'],
  ]
  assert.deepEqual(await states(true), [['would', null], ...faults, ['would', null]])
  assert.equal((await ada.call('domains.get', { domainId: domain.id })).accounts, 0)
  assert.deepEqual(await states(false), [['created', null], ...faults, ['created', null]])
  assert.equal((await states(false))[0]![0], 'exists')
  assert.deepEqual(
    (await ada.call('accounts.list', { domainId: domain.id })).accounts.map(({ name, status }) => [name, status]),
    [
      ['Ann Lee', 'invited'],
      ['carl', 'pending'],
    ],
  )
})

test('[DIR-4] who is deleted leaves what they have to somebody, rooms and files', async () => {
  const [account, heir] = [await anAccount(home.id, { given: 'Old', surname: 'Hand' }), await comeIn(await anAccount())]
  const person = await comeIn(account)
  const { room } = await person.call('chat.room.create', { name: 'Inherited', memberIds: [ada.accountId] })
  const { own } = await person.call('files.spaces', {})
  const folder = await person.call('files.folder.create', { folderId: own.id, name: 'Plans' })

  const gone = { accountId: account.id, then: { do: 'transfer', to: heir.accountId } } as const
  assert.equal(
    (await ada.refusal('accounts.delete', { ...gone, then: { do: 'transfer', to: account.id } })).key,
    'accounts.notInAddressList',
  )
  await ada.call('accounts.delete', gone)
  assert.equal((await person.refusal('directory.me', {})).code, 'unauthenticated')
  assert.equal((await heir.call('chat.open', { roomId: room.id })).view.seat.role, 'owner')
  const theirs = await heir.call('files.spaces', {})
  const { files: entries } = await heir.call('files.list', { folderId: theirs.own.id })
  assert.deepEqual(
    entries.map(({ name }) => name),
    ['Old Hand'],
  )
  const inside = await heir.call('files.list', { folderId: entries[0]!.id })
  assert.deepEqual(
    inside.files.map(({ id }) => id),
    [folder.id],
  )
  assert.equal((await ada.refusal('accounts.get', { accountId: account.id })).code, 'not_found')
})

test('[DIR-4] who is kept for a while comes back whole, or goes when the time is over', async () => {
  const account = await anAccount()
  const person = await comeIn(account)
  await ada.call('accounts.delete', { accountId: account.id, then: { do: 'keep', days: 3 } })
  assert.equal((await person.refusal('directory.me', {})).code, 'unauthenticated')
  assert.equal((await ada.refusal('accounts.status', { accountId: account.id, status: 'active' })).key, 'accounts.isDeleted')
  const kept = await ada.call('accounts.list', { statuses: ['deleted'] })
  assert.deepEqual(
    kept.accounts.map(({ id, status }) => [id, status]),
    [[account.id, 'deleted']],
  )
  assert.ok(!(await ada.call('accounts.list', { search: account.address! })).accounts.some(({ id }) => id === account.id))

  assert.equal((await ada.call('accounts.restore', { accountId: account.id })).status, 'active')
  await hub.somebody().signIn(account.address!)
  assert.equal((await ada.refusal('accounts.restore', { accountId: account.id })).key, 'accounts.notDeleted')

  await ada.call('accounts.delete', { accountId: account.id, then: { do: 'keep', days: 3 } })
  await hub.hub.people.finishDeleting()
  assert.equal((await ada.call('accounts.get', { accountId: account.id })).id, account.id)
  hub.later(4 * 86_400_000)
  await hub.hub.people.finishDeleting()
  await ada.signIn('ada@saltmarsh.example')
  assert.equal((await ada.refusal('accounts.get', { accountId: account.id })).code, 'not_found')
  await anAccount(home.id, { userName: account.address!.split('@')[0] })
})
