import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, inject, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { contract, presets, type Operation } from '@atrium/protocol'
import { hub, type TestHub } from '../../server/src/testing/hub.ts'
import { rowsOf } from './csv.ts'
import { flagOf, offers } from './offers.ts'
import { asJson, printed } from './printing.ts'
import { finding, inputOf, ofAll, read, Unclear } from './saying.ts'

let here: TestHub
let folder: string
let url: string
beforeAll(async () => {
  const cluster = inject('cluster')
  here = await hub(cluster)
  folder = await mkdtemp(join(tmpdir(), 'atrium-cli-'))
  const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(here.db)
  url = `postgresql://${cluster.user}@localhost/${rows[0]!.name}?host=${encodeURIComponent(cluster.host!)}`
})
afterAll(async () => {
  await here?.close()
  await rm(folder, { recursive: true, force: true })
})

/** A real command, on the database of a hub that runs. */
async function atrium(line: string, input = '') {
  const command = spawn(process.execPath, [join(import.meta.dirname, '../atrium.ts'), ...line.split(' '), '--data', folder], {
    env: { ...process.env, DATABASE_URL: url, ATRIUM_ORIGIN: 'http://hub.example.org', SUDO_USER: 'root-of-the-machine' },
  })
  let [out, problem] = ['', '']
  command.stdout.on('data', (chunk) => (out += chunk))
  command.stderr.on('data', (chunk) => (problem += chunk))
  command.stdin.end(input)
  const code = await new Promise<number | null>((resolve) => command.on('close', resolve))
  return { code, out, problem, json: () => JSON.parse(out) }
}

// Each command is a process of its own: on a busy machine that takes its time.
describe('with a hub that runs', { timeout: 90_000 }, () => {
  test('an account is made with a password from standard input, shown, shut and found again; the audit log says by whom', async () => {
    const made = await atrium('account create john.smith@example.org --given John --surname Smith --password', 'a first word of passage\n')
    assert.equal(made.code, 0, made.problem)
    assert.match(made.out, /address: john\.smith@example\.org/)
    assert.match(made.out, /mustChangePassword: true/)

    const { address } = here.carol
    await here.carol.connect()
    const shut = await atrium(`account status ${address} locked --json`)
    assert.equal(shut.json().effectiveStatus, 'locked')
    await here.carol.sees('hub.ending')
    const lists = await Promise.all([atrium('account list --search smith --json'), atrium('account list --statuses locked')])
    assert.deepEqual(
      lists[0].json().accounts.map((one: { address: string }) => one.address),
      ['john.smith@example.org'],
    )
    assert.match(lists[1].out, new RegExp(`${address} .*locked`))

    const { entries } = await here.administrator.call('audit.list', { operation: 'accounts', limit: 2 })
    for (const entry of entries) assert.deepEqual([entry.door, entry.source, entry.actor], ['console', 'root-of-the-machine', null])
    assert.ok(!JSON.stringify(entries).includes('passage'), 'no password is noted')
  })

  test('rights are given over what is called by name, and links are whole', async () => {
    const { bob } = here
    const gave = await atrium(`grant give account:${bob.address} domain:example.org helpDesk --json`)
    assert.deepEqual(gave.json().rights, [...presets.helpDesk])
    await until('bob administers', async () => (await bob.call('me.rights', {})).anywhere.includes('account.sessions'))
    const link = await atrium(`account wipe-password ${here.stranger.address}`)
    assert.match(link.out, /^path: http:\/\/hub\.example\.org\/invitation\/[\w-]{43}$/m)
  })

  test('many come from a file; values and limits are changed, not replaced', async () => {
    const file = join(folder, 'people.csv')
    await writeFile(file, 'userName;given;surname\nmara;Mara;"Holm; Mara"\nmara;Mara;Holm\n')
    const [tried, limited] = await Promise.all([
      atrium(`account import example.org ${file} --dry-run --json`),
      atrium('domain limits example.org --limits accounts=500 --limits caps.files.quota=1000000 --json'),
    ])
    assert.deepEqual(
      tried.json().rows.map(({ state }: { state: string }) => state),
      ['would', 'exists'],
    )
    assert.deepEqual([limited.json().limits.accounts, limited.json().limits.caps], [500, { 'files.quota': 1_000_000 }])
    const lifted = await atrium('domain limits example.org --limits caps.files.quota= --json')
    assert.deepEqual([lifted.json().limits.accounts, lifted.json().limits.caps], [500, {}])
  })

  test('what goes wrong is said in a sentence, with the argument, and a code for scripts', async () => {
    const [unknown, taken, unclear, secret] = await Promise.all([
      atrium('account show nobody@example.org'),
      atrium(`account create ${here.bob.address}`),
      atrium('account status bob@example.org asleep'),
      atrium('account create x@example.org --password=hunter22hunter'),
    ])
    assert.deepEqual([unknown.code, unknown.problem.trim()], [3, 'There is no account nobody@example.org.'])
    assert.deepEqual([taken.code, taken.out], [4, ''])
    assert.match(taken.problem, /^--user-name: .* address/)
    assert.equal(unclear.code, 2)
    assert.match(unclear.problem, /^--status is one of: active, maintenance, locked, closed, pending\./)
    assert.equal(secret.code, 2)
    assert.match(secret.problem, /does not take an argument/)
  })
})

describe('what is offered', () => {
  test('every administrative operation that needs no browser, each by its own words and flags', () => {
    const administrative = Object.entries(contract as Record<string, { kind: string; terms?: Operation['terms'] }>)
      .filter(([, { kind, terms }]) => (kind === 'query' || kind === 'command') && terms?.needs && !terms.door)
      .map(([name]) => name)
    assert.deepEqual(offers.map(({ operation }) => operation).toSorted(), administrative.toSorted())
    assert.equal(new Set(offers.map(({ noun, verb }) => `${noun} ${verb}`)).size, offers.length)
    for (const { operation, fields } of offers) {
      const flags = [...fields.map(flagOf), ...Object.keys(ofAll)]
      assert.equal(new Set(flags).size, flags.length, operation)
    }
  })

  const said = async (line: string) => {
    const [noun, verb, ...args] = line.split(' ')
    const offer = offers.find((one) => one.noun === noun && one.verb === verb)!
    const find = finding(
      async () => ({ domains: [{ id: 'a domain', name: 'example.org' }], next: null }),
      async (address) => `the account of ${address}`,
    )
    const { clientId: _, ...input } = await inputOf(offer, read(offer, args), find)
    return input
  }
  test.each([
    ['account delete a@x.org keep:30', { accountId: 'the account of a@x.org', then: { do: 'keep', days: 30 } }],
    [
      'account delete a@x.org --then transfer:b@x.org',
      { accountId: 'the account of a@x.org', then: { do: 'transfer', to: 'the account of b@x.org' } },
    ],
    ['account end-session a@x.org all', { accountId: 'the account of a@x.org', sessionIds: 'all' }],
    [
      'account values a@x.org --set files.quota=unlimited --set features.chat=no --set preferences.theme=',
      {
        accountId: 'the account of a@x.org',
        values: { 'files.quota': 'unlimited', 'features.chat': false, 'preferences.theme': null },
      },
    ],
    [
      'account values a@x.org --set profile.ownFields=name,title',
      { accountId: 'the account of a@x.org', values: { 'profile.ownFields': ['name', 'title'] } },
    ],
    ['account change a@x.org --recovery-address=', { accountId: 'the account of a@x.org', recoveryAddress: null }],
    ['domain ways example.org --allows-password --no-allows-passkey', { domainId: 'a domain', allowsPassword: true, allowsPasskey: false }],
    ['audit list --from 2026-03-01', { from: '2026-03-01T00:00:00.000Z' }],
    [
      'account bulk status:locked a@x.org b@x.org',
      { accountIds: ['the account of a@x.org', 'the account of b@x.org'], action: { do: 'status', status: 'locked' } },
    ],
  ])('%s', async (line, expected) => assert.deepEqual(await said(line), expected))

  test.each([
    'account status a@x.org',
    'account status a@x.org locked twice',
    'account create nobody',
    'domain ways example.org --allows-password',
    'account delete a@x.org keep',
    'provider set example.org --on --settings {"bindPassword":"hunter2"}',
    'audit list --from yesterdayish',
    'cos create Small --set files.quotas=1',
  ])('refused before anything is asked: %s', async (line) => assert.rejects(said(line), Unclear))
})

test('what others wrote moves no cursor, colours nothing and makes no lines of its own in somebody’s terminal', () => {
  const notes = 'harmless\u001B]0;a title\u0007\u009B2J\u202Egnol\nisAdministrator: false'
  for (const data of [{ notes, name: 'Eve' }, { lists: [{ address: 'a@x.org', name: notes, id: '1' }] }, [{ what: notes, by: [notes] }]]) {
    const shown = printed(data, (path) => path)
    assert.doesNotMatch(shown, /[[\p{Cc}\p{Bidi_Control}]--[\n]]/v, JSON.stringify(shown))
    assert.doesNotMatch(shown, /^isAdministrator/m)
    assert.match(shown, /harmless/)
  }
  assert.deepEqual(JSON.parse(asJson({ notes })), { notes })
  assert.doesNotMatch(asJson({ notes }), /[[\p{Cc}\p{Bidi_Control}]--[\n]]/v)
})

test('CSV as spreadsheets write it', () => {
  assert.deepEqual(rowsOf('\uFEFFa;b\r\n"x;""y""\nz";2\r\n\r\n3;'), [
    { a: 'x;"y"\nz', b: '2' },
    { a: '3', b: '' },
  ])
})
