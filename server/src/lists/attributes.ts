import { sql, type RawBuilder } from 'kysely'
import { statusThatHolds } from '../directory/index.ts'
import { BadFilter, type Filter } from './filter.ts'

/**
 * What filters may ask of an account, under the names that directories use: RFC 4519 and 2798, those of Zimbra and Carbonio, and our
 * own. Each stands for texts of `account` and of the `domain`, `cos` beside it. Empty ones are none.
 */
type Attribute = { one: RawBuilder<string>; isPhone?: true } | { many: RawBuilder<string[]> }

const one = (text: RawBuilder<string>): Attribute => ({ one: text })
const profile = (key: string): Attribute => one(sql`account.profile ->> ${sql.lit(key)}`)
const phone = (key: string): Attribute => ({ one: sql`account.profile ->> ${sql.lit(key)}`, isPhone: true })

const addresses: Attribute = {
  many: sql`array(select address.address::text from address where address.owner_id = account.id)`,
}
const userNames: Attribute = {
  many: sql`array(select split_part(address.address::text, '@', 1) from address where address.owner_id = account.id)`,
}
const name = one(sql`account.name`)
const status = one(sql`${statusThatHolds}`)
const isAdministrator = one(sql`case when account.is_administrator then 'TRUE' else 'FALSE' end`)
const classId = one(sql`coalesce(account.cos_id, domain.default_cos_id)::text`)
const createdAt = one(sql`to_char(account.created_at at time zone 'UTC', 'YYYYMMDDHH24MISS"Z"')`)

const attributes: Record<string, Attribute> = {
  uid: userNames,
  mail: addresses,
  zimbramaildeliveryaddress: addresses,
  cn: name,
  displayname: name,
  name,
  givenname: one(sql`account.given`),
  initials: one(sql`account.initials`),
  sn: one(sql`account.surname`),
  surname: one(sql`account.surname`),
  title: one(sql`account.title`),
  department: profile('department'),
  ou: profile('department'),
  company: profile('company'),
  o: profile('company'),
  physicaldeliveryofficename: profile('office'),
  office: profile('office'),
  manager: profile('manager'),
  street: profile('street'),
  streetaddress: profile('street'),
  postalcode: profile('postalCode'),
  l: profile('city'),
  city: profile('city'),
  st: profile('region'),
  co: profile('country'),
  c: profile('country'),
  country: profile('country'),
  telephonenumber: phone('phoneWork'),
  mobile: phone('phoneMobile'),
  homephone: phone('phoneHome'),
  zimbraaccountstatus: status,
  status,
  zimbraisadminaccount: isAdministrator,
  domain: one(sql`domain.name::text`),
  dc: one(sql`domain.name::text`),
  cos: one(sql`cos.name`),
  zimbracosid: classId,
  createtimestamp: createdAt,
  zimbracreatetimestamp: createdAt,
  objectclass: { many: sql`array['person', 'inetOrgPerson', 'account', 'zimbraAccount']` },
}

/** A condition on `account`, beside its `domain` and its class as `cos`. What people typed is always a parameter. */
export function conditionOf(filter: Filter): RawBuilder<boolean> {
  switch (filter.is) {
    case 'and':
      return filter.of.length === 0 ? sql`true` : sql`(${sql.join(filter.of.map(conditionOf), sql` and `)})`
    case 'or':
      return filter.of.length === 0 ? sql`false` : sql`(${sql.join(filter.of.map(conditionOf), sql` or `)})`
    case 'not':
      return sql`not ${conditionOf(filter.of)}`
    case 'present':
      return anyOf(attributeOf(filter.attribute), () => sql`true`)
    case 'parts': {
      const pattern = [filter.first ?? '', ...filter.middle, filter.last ?? '']
      return anyOf(
        attributeOf(filter.attribute),
        (value, prepared) => sql`${value} like ${pattern.map((part) => forLike(prepared(part))).join('%')}`,
      )
    }
    case 'equal':
    case 'approx':
      return anyOf(attributeOf(filter.attribute), (value, prepared) => sql`${value} = ${prepared(filter.value.trim())}`)
    case 'atLeast':
      return anyOf(attributeOf(filter.attribute), (value, prepared) => sql`${value} >= ${prepared(filter.value.trim())}`)
    case 'atMost':
      return anyOf(attributeOf(filter.attribute), (value, prepared) => sql`${value} <= ${prepared(filter.value.trim())}`)
  }
}

/** Whether one of its values is so. Capitals do not matter, nor what separates the digits of a telephone number. An account without the attribute has no value that is so, and never a null. */
function anyOf(
  attribute: Attribute,
  isSo: (value: RawBuilder<string>, prepared: (said: string) => string) => RawBuilder<boolean>,
): RawBuilder<boolean> {
  const small = (said: string) => said.toLowerCase()
  if ('many' in attribute)
    return sql`exists (select from unnest(${attribute.many}) as value (text) where text <> '' and ${isSo(sql`lower(text)`, small)})`
  if (attribute.isPhone)
    return sql`coalesce(${attribute.one} <> '' and ${isSo(sql`regexp_replace(lower(${attribute.one}), '[\\s()/.-]', '', 'g')`, (said) => small(said).replaceAll(/[\s()/.-]/g, ''))}, false)`
  return sql`coalesce(${attribute.one} <> '' and ${isSo(sql`lower(${attribute.one})`, small)}, false)`
}
const forLike = (text: string) => text.replaceAll(/[\\%_]/g, '\\$&')

function attributeOf(name: string): Attribute {
  if (!Object.hasOwn(attributes, name)) throw new BadFilter('unknownAttribute', name)
  return attributes[name]!
}
