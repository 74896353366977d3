import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jsonLog } from '../log.ts'
import { certificateFor } from '../tls.ts'
import { until } from './index.ts'
import { found } from './programs.ts'
import { answers, freePort } from './redis.ts'

export const slapdProgram = () => (existsSync('/usr/lib/ldap/ppolicy.so') && found('slapadd') ? found('slapd') : undefined)

export const base = 'dc=atrium,dc=test'
export const administrator = { dn: `cn=admin,${base}`, password: 'herons in the reeds' }
/** `count` people `person1` …, as LDIF; their passwords are `pw-<number>`. */
export function* peopleLdif(count: number, domain = 'atrium.test'): Generator<string> {
  for (let i = 1; i <= count; i++)
    yield [
      `dn: uid=person${i},ou=people,${base}`,
      'objectClass: inetOrgPerson',
      `uid: person${i}`,
      `cn: Person ${i}`,
      `givenName: Person`,
      `sn: Number${i}`,
      `mail: person${i}@${domain}`,
      `telephoneNumber: +49 30 ${i}`,
      `title: Member ${i % 7}`,
      `userPassword: pw-${i}`,
    ].join('\n')
}

const tree = [
  `dn: ${base}\nobjectClass: dcObject\nobjectClass: organization\ndc: atrium\no: Atrium`,
  ...['people', 'groups', 'policies', 'left'].map((ou) => `dn: ou=${ou},${base}\nobjectClass: organizationalUnit\nou: ${ou}`),
  [
    `dn: cn=default,ou=policies,${base}`,
    ...['objectClass: device', 'objectClass: pwdPolicy', 'cn: default', 'pwdAttribute: userPassword', 'pwdLockout: TRUE'],
    ...['pwdMaxFailure: 3', 'pwdLockoutDuration: 60', 'pwdMustChange: FALSE', 'pwdMaxAge: 0', 'pwdGraceAuthNLimit: 0'],
  ].join('\n'),
]

/** So many changes it can say deletions of; of older ones it names who is there. */
export const logged = 20

/** As much of other schemas as an account and a list have, under their own numbers. */
function othersSchema(): string {
  const attributes = [
    [1, 'zimbraId', 'SINGLE-VALUE'],
    [2, 'zimbraAccountStatus', 'SINGLE-VALUE'],
    [13, 'zimbraMailDeliveryAddress', ''],
    [20, 'zimbraMailForwardingAddress', ''],
    [214, 'zimbraIsSystemResource', 'SINGLE-VALUE'],
    [1080, 'zimbraIsSystemAccount', 'SINGLE-VALUE'],
  ] as const
  const oid = '1.3.6.1.4.1.19348.2'
  const text = 'EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{256}'
  const own = attributes.map(([, name]) => name).join(' $ ')
  return [
    ...attributes.map(([number, name, more]) => `attributetype ( ${oid}.1.${number} NAME '${name}' ${text} ${more} )`),
    `objectclass ( ${oid}.2.2 NAME 'zimbraAccount' SUP top AUXILIARY MAY ( ${own} ) )`,
    `objectclass ( ${oid}.2.4 NAME 'zimbraDistributionList' SUP top STRUCTURAL MUST zimbraId MAY ( uid $ cn $ mail $ displayName $ description $ ${own} ) )`,
    `objectclass ( ${oid}.2.10 NAME 'zimbraCalendarResource' SUP top AUXILIARY )`,
    // What Active Directory knows an entry by: bytes, and not all of them text.
    `attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )`,
    `objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP top AUXILIARY MAY objectGUID )`,
  ].join('\n')
}

const configuration = (folder: string) => `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
include ${folder}/others.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
moduleload syncprov
pidfile ${folder}/slapd.pid
TLSCertificateFile ${folder}/cert.pem
TLSCertificateKeyFile ${folder}/key.pem
sizelimit unlimited
database mdb
maxsize 1073741824
suffix "${base}"
rootdn "${administrator.dn}"
rootpw "${administrator.password}"
directory ${folder}/db
dbnosync
index objectClass,uid,mail,entryUUID,entryCSN,modifyTimestamp eq
access to attrs=userPassword by anonymous auth by * none
access to * by * read
overlay memberof
overlay ppolicy
ppolicy_default "cn=default,ou=policies,${base}"
ppolicy_use_lockout
overlay syncprov
syncprov-sessionlog ${logged}
`

/** A real OpenLDAP on loopback, with TLS, groups that know their members, a password policy, and these entries. */
export async function slapdServer(entries: Iterable<string> = []) {
  const binary = slapdProgram()
  if (!binary) throw new Error('needs slapd')
  const folder = await mkdtemp(join(tmpdir(), 'atrium-slapd-'))
  const [port, tlsPort] = [await freePort(), await freePort()]
  await mkdir(join(folder, 'db'))
  const tls = {
    config: { tls: { kind: 'local' }, dataDir: folder, host: '127.0.0.1', origin: null },
    log: jsonLog('silent'),
    now: () => new Date(),
  } as const
  const certificate = await certificateFor(tls)
  const { cert, key } = certificate!.current()
  await writeFile(join(folder, 'cert.pem'), String(cert))
  await writeFile(join(folder, 'key.pem'), String(key), { mode: 0o600 })
  await writeFile(join(folder, 'slapd.conf'), configuration(folder))
  await writeFile(join(folder, 'others.schema'), othersSchema())
  const added = spawnSync(found('slapadd')!, ['-q', '-f', join(folder, 'slapd.conf')], { input: `${[...tree, ...entries].join('\n\n')}\n` })
  if (added.status !== 0) throw new Error(`slapadd: ${added.stderr}`)

  let server: ChildProcess
  async function start(): Promise<void> {
    const places = `ldap://127.0.0.1:${port} ldaps://127.0.0.1:${tlsPort}`
    server = spawn(binary!, ['-f', join(folder, 'slapd.conf'), '-h', places, '-d', '0'], { stdio: 'ignore' })
    await until('slapd answers', () => answers(port), 20_000)
  }
  async function stop(): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGCONT')
    server.kill('SIGTERM')
    await ended
  }
  await start()
  return {
    port,
    url: `ldap://127.0.0.1:${port}`,
    tlsUrl: `ldaps://127.0.0.1:${tlsPort}`,
    /** Who vouches for its certificate. */
    authority: await readFile(join(folder, 'tls', 'authority.pem'), 'utf8').catch(() => String(cert)),
    start,
    stop,
    /** Connections stay, nobody answers. */
    hold: () => void server.kill('SIGSTOP'),
    goOn: () => void server.kill('SIGCONT'),
    async close() {
      await stop()
      await rm(folder, { recursive: true })
    },
  }
}
export type Slapd = Awaited<ReturnType<typeof slapdServer>>
