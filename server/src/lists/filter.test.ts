import assert from 'node:assert/strict'
import { test } from 'vitest'
import { BadFilter, escaped, filterOf, keyOf, parseFilter, type Problem } from './filter.ts'

const equal = (attribute: string, value: string) => ({ is: 'equal', attribute, value })

test('the examples of RFC 4515 are read', () => {
  assert.deepEqual(parseFilter('(cn=Babs Jensen)'), equal('cn', 'Babs Jensen'))
  assert.deepEqual(parseFilter('(!(cn=Tim Howes))'), { is: 'not', of: equal('cn', 'Tim Howes') })
  assert.deepEqual(parseFilter('(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))'), {
    is: 'and',
    of: [
      equal('objectclass', 'Person'),
      { is: 'or', of: [equal('sn', 'Jensen'), { is: 'parts', attribute: 'cn', first: 'Babs J', middle: [], last: null }] },
    ],
  })
  assert.deepEqual(parseFilter('(o=univ*of*mich*)'), { is: 'parts', attribute: 'o', first: 'univ', middle: ['of', 'mich'], last: null })
  assert.deepEqual(parseFilter('(seeAlso=)'), equal('seealso', ''))
  assert.deepEqual(
    parseFilter('(o=Parens R Us \\28for all your parenthetical needs\\29)'),
    equal('o', 'Parens R Us (for all your parenthetical needs)'),
  )
  assert.deepEqual(parseFilter('(cn=*\\2A*)'), { is: 'parts', attribute: 'cn', first: null, middle: ['*'], last: null })
  assert.deepEqual(parseFilter('(filename=C:\\5cMyFile)'), equal('filename', 'C:\\MyFile'))
  assert.deepEqual(parseFilter('(sn=Lu\\c4\\8di\\c4\\87)'), equal('sn', 'Lučić'))
  assert.deepEqual(parseFilter('(mail=*)'), { is: 'present', attribute: 'mail' })
  assert.deepEqual(parseFilter('(&)'), { is: 'and', of: [] })
  for (const [sign, is] of [
    ['~=', 'approx'],
    ['>=', 'atLeast'],
    ['<=', 'atMost'],
  ] as const)
    assert.deepEqual(parseFilter(`(l${sign}Berlin)`), { is, attribute: 'l', value: 'Berlin' })
})

const refused = (run: () => unknown, problem: Problem) =>
  assert.throws(run, (error) => error instanceof BadFilter && error.problem === problem, `${String(run)} is not ${problem}`)

test('whatever is not a filter, whole and by the letter, is refused', () => {
  const wrong = [
    '',
    'cn=x',
    '(cn=x',
    '(cn=x))',
    '(cn=x)(sn=y)',
    '()',
    '(cn)',
    '(=x)',
    '(&(cn=x)y)',
    '(!(cn=x)(sn=y))',
    '(!)',
    '(cn=a**b)',
    '(cn=x\\2)',
    '(cn=x\\zz)',
    '(cn=(x))',
    '(cn>=a*)',
    '(cn:dn:=x)',
    '(1.2.3=x)',
    '(cn;lang-de=x)',
    ' (cn=x)',
    '(cn=x\0)',
  ]
  for (const text of wrong) refused(() => parseFilter(text), 'syntax')
  refused(() => parseFilter('(cn=\\c4)'), 'encoding')
  refused(() => parseFilter(`${'(!'.repeat(30)}(cn=x)${')'.repeat(30)}`), 'tooDeep')
  refused(() => parseFilter(`(|${'(cn=x)'.repeat(300)})`), 'tooMany')
})

test('a URL says nothing but a filter over the people of its own domain', () => {
  const of = (url: string) => filterOf(url, 'example.org')
  assert.deepEqual(of('ldap:///??sub?(department=Design)'), equal('department', 'Design'))
  assert.deepEqual(of('LDAP:///ou=people,dc=example,dc=org??sub?(cn=a%20b)'), equal('cn', 'a b'))
  refused(() => of('https://example.org'), 'notAUrl')
  refused(() => of('(cn=x)'), 'notAUrl')
  refused(() => of('ldap://elsewhere/??sub?(cn=x)'), 'host')
  refused(() => of('ldap:///dc=other,dc=org??sub?(cn=x)'), 'base')
  refused(() => of('ldap:///?cn?sub?(cn=x)'), 'attributes')
  refused(() => of('ldap:///???(cn=x)'), 'scope')
  refused(() => of('ldap:///??sub?(cn=x)?!bindname=cn=x'), 'extensions')
  refused(() => of('ldap:///??sub?(cn=%zz)'), 'encoding')
  refused(() => of('ldap:///??sub?'), 'syntax')
})

test('what is written otherwise and asks the same has one key', () => {
  const key = (text: string) => keyOf(parseFilter(text))
  assert.equal(key('(CN=\\4aoe)'), key('(cn=joe )'))
  assert.notEqual(key('(cn=a\\2ab)'), key('(cn=a*b)'))
  const strange = 'a*(b)\\c\0d ä'
  assert.deepEqual(parseFilter(`(cn=${escaped(strange.replace('\0', ''))})`), equal('cn', strange.replace('\0', '')))
})
