import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, inject, test } from 'vitest'
import { hub, type TestHub } from '../testing/hub.ts'
import { sourceFiles } from './source.ts'

const root = join(import.meta.dirname, '../../..')
const git = (args: string[], input = '') => spawnSync('git', args, { cwd: root, encoding: 'utf8', input })

let here: TestHub
beforeAll(async () => {
  here = await hub(inject('cluster'), { env: { ATRIUM_SOURCE: 'https://source.example.org/ours' } })
  return () => here.close()
})

test('whoever uses the hub gets the source it runs from, whole, and nothing that lies beside it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-source-'))
  try {
    const response = await fetch(`${here.origin}/source`)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'application/gzip')
    await writeFile(join(folder, 'source.tar.gz'), Buffer.from(await response.arrayBuffer()))
    const unpacked = spawnSync('tar', ['-xvzf', 'source.tar.gz'], { cwd: folder, encoding: 'utf8' })
    assert.equal(unpacked.status, 0, unpacked.stderr)

    const names = unpacked.stdout.trim().split('\n').map((line) => line.replace(/^atrium\//, '')) // prettier-ignore
    const packed = new Set(names)
    for (const name of ['package.json', 'LICENSE', 'server/src/main.ts', 'web/package.json', 'infra/start.mjs'])
      assert.deepEqual(await readFile(join(folder, 'atrium', name)), await readFile(join(root, name)), name)
    // In a checkout we know the answer: what is tracked, and nothing that is ignored.
    const tracked = git(['ls-files', '-z']).stdout.split('\0').filter((name) => name && existsSync(join(root, name))) // prettier-ignore
    assert.deepEqual(tracked.filter((name) => !packed.has(name)), []) // prettier-ignore
    // A note that a build tool leaves beside its settings does no harm.
    const ignored = git(['check-ignore', '--stdin'], names.join('\n')).stdout.split('\n').filter((name) => name && !name.endsWith('/README.md')) // prettier-ignore
    assert.deepEqual(ignored, [])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('what is installed, built or kept beside the source is left out, and so is what nobody named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-source-'))
  const names = [
    'package.json',
    'notes.txt',
    '.env',
    'data/db/1',
    'server/.env',
    'server/src/main.ts',
    'web/build/200.html',
    'web/node_modules/x/1.js',
  ]
  for (const name of names) {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), name)
  }
  await symlink('/etc/passwd', join(folder, 'server/src/passwd'))
  const found = await sourceFiles(folder)
  await rm(folder, { recursive: true })
  assert.deepEqual(found.map(({ name }) => name), ['package.json', 'server/src/main.ts']) // prettier-ignore
})

test('a hub whose source is kept elsewhere says where; asking too often is refused', async () => {
  const about = await here.alice.call('hub.about', {})
  assert.equal(about.source, 'https://source.example.org/ours')
  const statuses: number[] = []
  for (let i = 0; i < 12; i++) {
    const response = await fetch(`${here.origin}/source`, { headers: { 'x-forwarded-for': '192.0.2.77' } })
    statuses.push(response.status)
    await response.body?.cancel()
  }
  assert.ok(statuses.includes(200) && statuses.includes(429), `${statuses}`)
})
