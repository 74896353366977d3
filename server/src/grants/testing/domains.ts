import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { presets, type DomainId, type Right } from '@atrium/protocol'
import { house, type House, type Someone } from '../../directory/testing/house.ts'

export type Domains = Awaited<ReturnType<typeof domains>>
export type Colleague = Awaited<ReturnType<House['colleague']>>

/** A house with two domains: saltmarsh, where Ada administers everything, and harbour. */
export async function domains(cluster: Parameters<typeof house>[0]) {
  const there = await house(cluster)
  const ada = await there.founded()
  const { rows } = await sql<{ id: DomainId }>`select id from domain`.execute(there.db)
  const saltmarsh = rows[0]!.id
  const harbour = randomUUID() as DomainId
  await sql`
    insert into domain (id, name, description, status, default_cos_id, user_name_pattern, caps, look, allows_password, allows_passkey, created_at)
    select ${harbour}, 'harbour.example', '', 'active', default_cos_id, user_name_pattern, '{}', '{}', true, true, now() from domain`.execute(
    there.db,
  )

  /** Somebody of one of the domains who came in. */
  async function one(name: string, domainId: DomainId = saltmarsh): Promise<Colleague> {
    const host = domainId === harbour ? 'harbour.example' : 'saltmarsh.example'
    const someone = await there.colleague(ada, name, { address: `${name.toLowerCase()}-${randomUUID().slice(0, 8)}@${host}` })
    await sql`update account set domain_id = ${domainId} where id = ${someone.accountId}`.execute(there.db)
    return someone
  }
  const over = (domainId: DomainId) => ({ kind: 'domain' as const, id: domainId })
  const give = (
    by: Someone,
    to: { accountId: Colleague['accountId'] },
    rights: readonly Right[],
    more: { target?: ReturnType<typeof over>; isDenied?: boolean; mayGrant?: boolean } = {},
  ) => by.call('grants.give', { grantee: { kind: 'account', id: to.accountId }, target: over(saltmarsh), rights: [...rights], ...more })

  return {
    ...there,
    ada,
    saltmarsh,
    harbour,
    one,
    over,
    give,
    /** Administers one domain, as the preset says, and may give it on. */
    domainAdministrator: async (name: string, domainId: DomainId = saltmarsh) => {
      const someone = await one(name, domainId)
      await give(ada, someone, presets.domainAdministrator, { target: over(domainId), mayGrant: true })
      return someone
    },
    list: (by: Someone, userName: string, domainId: DomainId = saltmarsh, more: object = {}) =>
      by.call('lists.create', { domainId, userName: `${userName}-${randomUUID().slice(0, 8)}`, name: userName, ...more }),
  }
}
