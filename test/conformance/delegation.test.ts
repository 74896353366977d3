import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, inject, test } from 'vitest'
import { isUuid, presets, rights, type CosId, type DomainId, type Operation, type Reply, type Right, type Terms } from '@atrium/protocol'
import { hub, type TestHub } from '../../server/src/testing/hub.ts'
import { person, type Person } from '../../server/src/testing/person.ts'
import { guestOf } from './guest.ts'
import { operations, placesIn, put, sampleOf, shapeOf, type Objects, type Path } from './shapes.ts'
import { fingerprint } from './traces.ts'

/*
 * Four eyes: Alice administers one domain with everything that can be granted. Whatever she asks about another one, by id, by a
 * search, in bulk or as an export, is refused as if it were not there, changes nothing, and tells her nothing. Then those with no
 * right at all, and those who have not finished signing in.
 */
let here: TestHub
let alice: Person
let own: Objects
let theirs: Objects
/** What nothing that Alice is told may hold. */
let secrets: string[]
const administrative = operations.filter(([, { terms }]) => (terms as Terms).needs)
const grantable = rights.filter((right) => !['domain.limits', 'cos.create', 'cos.change', 'cos.delete'].includes(right)) as Right[]

beforeAll(async () => {
  here = await hub(inject('cluster'))
  const { administrator: ada } = here
  alice = here.alice
  const [{ rows: homes }, mark] = [
    await sql<{ id: DomainId; cos: CosId }>`select id, default_cos_id as cos from domain`.execute(here.db),
    'Hidden Harbour',
  ]
  const home = homes[0]!
  const domain = await ada.call('domains.create', { name: 'hidden-harbour.example', description: mark })
  const cos = await ada.call('cos.create', { name: `${mark} class` })
  await ada.call('domains.change', { domainId: domain.id, defaultCosId: cos.id })
  await ada.call('domains.limits', {
    domainId: home.id,
    limits: { classes: [{ cosId: home.cos, accounts: null }] },
  })

  async function objectsOf(domainId: DomainId, cosId: CosId, name: string, userName: string): Promise<Objects> {
    const { account } = await ada.call('accounts.create', {
      domainId,
      userName,
      given: name,
      surname: 'Somebody',
      password: 'seven quiet herons',
    })
    const list = await ada.call('lists.create', {
      domainId,
      userName: `${userName}-list`,
      name: `${name} list`,
      members: [account.address!],
    })
    const resource = await ada.call('resources.create', { domainId, userName: `${userName}-room`, name: `${name} room` })
    const target = { kind: 'domain', id: domainId } as const
    const grant = await ada.call('grants.give', { grantee: { kind: 'account', id: account.id }, target, rights: ['list.see'] })
    return { domain: domainId, cos: cosId, account: account.id, list: list.id, resource: resource.id, grant: grant.id }
  }
  theirs = await objectsOf(domain.id, cos.id, mark, 'hidden')
  const nobodys = [
    'session',
    'picture',
    'factor',
    'token',
    'device',
    'provider',
    'room',
    'message',
    'file',
    'meeting',
    'participant',
    'target',
  ]
  const none = Object.fromEntries(nobodys.map((brand) => [brand, randomUUID()]))
  own = { ...none, ...(await objectsOf(home.id, home.cos, 'Open', 'open')) }
  theirs = { ...none, ...theirs }
  secrets = [
    mark,
    'hidden-harbour',
    'hidden@',
    ...['domain', 'cos', 'account', 'list', 'resource', 'grant'].map((brand) => theirs[brand as keyof Objects]!),
  ]
  const target = { kind: 'domain', id: home.id } as const
  await ada.call('grants.give', { grantee: { kind: 'account', id: alice.accountId }, target, rights: grantable, mayGrant: true })
  assert.ok((await alice.call('me.rights', {})).anywhere.length >= presets.domainAdministrator.length)
}, 60_000)
afterAll(() => here?.close())

/** Each call comes from another address and asks by HTTP, which every one of these answers. */
async function ask(who: Person, name: string, input: unknown): Promise<Reply<unknown>> {
  const response = await who.http(`/api/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': `fd00:${aQuarter()}:${aQuarter()}::1` },
    body: JSON.stringify(input),
  })
  return (await response.json()) as Reply<unknown>
}
const aQuarter = () => Math.floor(Math.random() * 65_536).toString(16)

/** What the asker said themselves is no news. */
function assertTellsNothing(reply: Reply<unknown>, input: unknown, where: string): void {
  const text = JSON.stringify(reply)
  const said = JSON.stringify(input)
  // The audit log says which ids somebody tried, in a domain of the reader's.
  const kept = where.startsWith('audit.list') ? secrets.filter((secret) => !isUuid(secret)) : secrets
  for (const secret of kept)
    if (!said.includes(secret)) assert.ok(!text.includes(secret), `${where} tells ${secret} in ${text.slice(0, 400)}`)
}

async function refusedWithoutTrace(who: Person, name: string, input: unknown, where: string): Promise<void> {
  const before = await fingerprint(here.db)
  const reply = await ask(who, name, input)
  assert.deepEqual(await fingerprint(here.db), before, `${where} wrote something`)
  assertTellsNothing(reply, input, where)
  assert.ok(!reply.ok, `${where} answered ${JSON.stringify(reply).slice(0, 400)}`)
  // What a command asks the password for again is refused for that only where the right is there.
  assert.ok(['not_found', 'forbidden', 'conflict', 'invalid'].includes(reply.error.code), `${where}: ${reply.error.code}`)
  assert.ok(reply.error.key !== 'factors.confirmFirst', `${where}: the right comes first`)
}

/** Places that narrow a list: of what one may not see it is empty. */
const isFilter = (name: string, { kind }: Operation, path: Path) => kind === 'query' && (path[0] !== 'accountId' || name === 'audit.list')

describe.each(administrative)('%s', (name, operation) => {
  const { needs } = operation.terms as Terms
  const shape = shapeOf(operation)
  const sample = (objects: Objects) => sampleOf(name, operation, objects)

  test('an administrator of another domain is refused, and told nothing', async () => {
    const whole = sample(theirs)
    if (needs!.on !== 'anything') await refusedWithoutTrace(alice, name, whole, `${name} about all of theirs`)
    else assertTellsNothing(await ask(alice, name, whole), whole, name)
    const ids = [...placesIn(shape)].filter(({ shape }) => shape.brand && theirs[shape.brand] && own[shape.brand] !== theirs[shape.brand])
    for (const { path, shape } of ids) {
      const input = put(sample(own), path, theirs[shape.brand!])
      const where = `${name} with their ${path.join('.')}`
      // A list with one of one's own and one of theirs, too.
      const mixed =
        path.at(-1) === 0 ? put(put(sample(own), path, own[shape.brand!]), [...path.slice(0, -1), 1], theirs[shape.brand!]) : undefined
      for (const asked of mixed ? [input, mixed] : [input])
        if (isFilter(name, operation, path) && needs!.on !== path[0]) assertTellsNothing(await ask(alice, name, asked), asked, where)
        else await refusedWithoutTrace(alice, name, asked, where)
    }
  })

  if (operation.kind === 'query' && shape.properties?.['search'])
    test('a search for them finds nothing', async () => {
      for (const search of ['Hidden', 'harbour', 'hidden@hidden-harbour.example', 'h'])
        assertTellsNothing(await ask(alice, name, { ...sample(own), search, limit: 100 }), {}, `${name} for ${search}`)
    })
  if (operation.kind === 'query' && needs!.on === 'anything')
    test('what is listed, or exported, is one’s own', async () => {
      for (const more of [{}, shape.properties?.['isExport'] ? { isExport: true } : {}]) {
        const reply = await ask(alice, name, {
          ...Object.fromEntries(Object.entries(sample(own)).filter(([key]) => shape.required?.includes(key))),
          ...more,
        })
        assert.ok(reply.ok, JSON.stringify(reply))
        assertTellsNothing(reply, {}, name)
      }
    })

  test('somebody without any right is refused', () => refusedWithoutTrace(here.bob, name, sample(own), name))
})

test('a guest reaches none of it', async () => {
  const { room } = await here.carol.call('chat.room.create', { name: 'Open house', memberIds: [] })
  const meeting = await here.carol.call('meetings.start', { roomId: room.id })
  const guest = await guestOf(here, meeting, 'Gwen')
  for (const [name, operation] of administrative) await refusedWithoutTrace(guest, name, sampleOf(name, operation, own), name)
  guest.leave()
})

test('whoever still owes something reaches what is marked for that, and no socket', async () => {
  const half = here.also(here.administrator)
  await half.signIn()
  await sql`update session set owes = '{second_factor}' where id = (select max(id::text)::uuid from session where account_id = ${half.accountId} and started_at = (
    select max(started_at) from session where account_id = ${half.accountId}))`.execute(here.db)
  for (const [name, operation] of operations) {
    const { open, unfinished, door } = operation.terms as Terms
    if (open || unfinished || door === 'socket') continue
    const reply = await ask(half, name, sampleOf(name, operation, own))
    assert.equal(reply.ok ? 'answered' : reply.error.code, 'unauthenticated', name)
  }
  const late = person({ origin: here.origin, name: 'Half', address: half.address, password: half.password, cookie: half.cookie })
  await assert.rejects(late.connect())
})
