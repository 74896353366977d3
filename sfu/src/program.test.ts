import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { configFrom, jsonLog } from '@atrium/platform'
import { openOutgoing } from '@atrium/platform/outgoing'
import { until } from '@atrium/platform/testing'
import { notRun } from '@atrium/platform/testing/needs'
import { archiveOf, downloaded } from './program.download.ts'
import { building, missingTools, theCommand, type Progress } from './program.build.ts'
import { mediaProgram, placeOf, sentenceOf, type Place } from './program.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atrium-worker-'))
})
afterAll(() => rm(folder, { recursive: true }))
const outgoing = openOutgoing()
const place = (name: string, recipe = join(folder, 'recipe')): Place => ({
  file: join(folder, name, 'program'),
  work: join(folder, name, 'work'),
  recipe,
  package: folder,
  version: '1.2.3',
})

/** Answers with an archive that holds a program of this shape. */
async function publishing(program: string) {
  const dir = await mkdtemp(join(folder, 'published-'))
  await writeFile(join(dir, 'mediasoup-worker'), program, { mode: 0o755 })
  spawnSync('tar', ['-czf', join(dir, 'archive.tgz'), '-C', dir, 'mediasoup-worker'])
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    asked.push(request.url!)
    response.end(await readFile(join(dir, 'archive.tgz')))
  }).listen(0, '127.0.0.1')
  await until('the server listens', () => server.listening)
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}

test('a published program that runs here is kept, whole and at once', async () => {
  const published = await publishing('#!/bin/sh\nexit 41\n')
  const here = place('downloaded')
  assert.equal(await downloaded(here, outgoing, published.url), true)
  assert.deepEqual(published.asked, [`/1.2.3/${archiveOf('1.2.3')}`])
  assert.deepEqual(await readdir(join(folder, 'downloaded')), ['program'])
  assert.ok((await stat(here.file)).mode & 0o100)
  published.close()
})

test('one that does not run here, or is no archive, leaves nothing', async () => {
  const published = await publishing('#!/bin/sh\nexit 127\n')
  const here = place('foreign')
  assert.equal(await downloaded(here, outgoing, published.url), false)
  assert.deepEqual(await readdir(join(folder, 'foreign')), [])
  published.close()
})

test('a network that is closed is noticed', async () => {
  await assert.rejects(downloaded(place('closed'), outgoing, 'http://127.0.0.1:1'))
})

/** Builds as ours does, in a second. */
async function recipe(name: string, script: string) {
  const dir = join(folder, name)
  await mkdir(dir)
  await writeFile(join(dir, 'build.sh'), `#!/bin/bash\nset -e\n${script}\n`)
  await chmod(join(dir, 'build.sh'), 0o755)
  return dir
}

test('a build shows how far it is, and how long it will take', async () => {
  const go = join(folder, 'go-on')
  const dir = await recipe('slow', `echo '[60/120] Compiling'; while [ ! -e ${go} ]; do sleep 0.05; done; echo "$JOBS" > "$2"`)
  const here = { ...place('built', dir) }
  const shown: Progress[] = []
  const done = building(here, (progress) => shown.push(progress))
  await until('half of it is done', () =>
    shown.some(({ elapsedMs, expectedMs }) => elapsedMs > 0 && Math.abs(expectedMs - 2 * elapsedMs) < 2),
  )
  await writeFile(go, '')
  await done
  assert.ok(Number(await readFile(here.file, 'utf8')) >= 1)
  await assert.rejects(stat(here.work))
})

test('a build that fails says where the reason is, and keeps it', async () => {
  const dir = await recipe('failing', 'echo "no such header" >&2; exit 1')
  const here = place('failed', dir)
  await assert.rejects(
    building(here, () => undefined),
    /could not be built: .*log says why/,
  )
  assert.match(await readFile(join(here.work, 'log'), 'utf8'), /no such header/)
})

test('a build ends with the hub, compilers and all', async () => {
  const mark = join(folder, 'compiling')
  const dir = await recipe('long', `sh -c 'echo $$ > ${mark}; exec sleep 60' & wait`)
  const ending = new AbortController()
  const done = building(place('ended', dir), () => undefined, ending.signal)
  let compiler = 0
  await until('it compiles', async () => (compiler = Number(await readFile(mark, 'utf8').catch(() => 0))) > 0)
  ending.abort()
  await assert.rejects(done)
  await until('the compiler is gone', () => !isRunning(compiler))
})

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('what is missing for a build is one command for the administrator', async () => {
  const missing = await missingTools(place('nowhere', join(folder, 'no-recipe')))
  assert.ok(missing.includes('g++') && missing.includes('libsrtp2-dev'))
  assert.match(theCommand(missing), /^(sudo apt-get install -y --no-install-recommends g\+\+ |npm run atrium -- worker)/)
})

const missing = await missingTools({ recipe: join(import.meta.dirname, '../../infra/worker') })
if (missing.length > 0) notRun('a media worker that is built while the hub runs', missing.join(', '))
else
  test('where there is none, it is built while the hub runs: how far it is can be asked and is logged, and then it is there', async () => {
    const go = join(folder, 'and-on')
    const dir = await recipe('background', `echo '[30/120] Compiling'; while [ ! -e ${go} ]; do sleep 0.05; done; echo built > "$2"`)
    const said: string[] = []
    const log = jsonLog('info', { write: (line) => void said.push(line) })
    const closed = { configured: () => Promise.reject(new Error('no network')) }
    const here = place('background-built', dir)
    const program = mediaProgram({ config: configFrom({}, []), log, outgoing: closed as never }, here)
    const share = () => {
      const state = program.state()
      return state.state === 'preparing' && state.elapsedMs / state.expectedMs
    }
    await until('a quarter of it is done', () => Math.abs(Number(share()) - 0.25) < 0.01)
    await writeFile(go, '')
    assert.equal(await program.file, here.file)
    assert.equal(await readFile(here.file, 'utf8'), 'built\n')
    assert.equal(program.state().state, 'preparing', 'until meetings open')
    assert.match(said.join(''), /Meetings are being prepared: 0 of about \d+ minutes\..*Meetings are prepared\./s)
    program.stop()
  })

test('the settings may name a program; one that is not there is said plainly', async () => {
  const log = jsonLog('silent')
  const named = (file: string) => mediaProgram({ config: configFrom({ MEDIASOUP_WORKER_BIN: file }, []), log, outgoing })
  assert.equal(await named(process.execPath).file, process.execPath)
  await assert.rejects(named(join(folder, 'nothing')).file, /MEDIASOUP_WORKER_BIN names nothing, which is not there/)
})

test('the program’s name says of which sources it is, and how it was made', async () => {
  const one = placeOf('/cache')
  assert.match(one.file, /^\/cache\/mediasoup-worker-\d+\.\d+\.\d+-[0-9a-f]{12}$/)
  assert.equal(placeOf('/cache').file, one.file)
  assert.equal(JSON.parse(await readFile(join(one.package, 'package.json'), 'utf8')).name, 'mediasoup')
})

test('how long it takes is said in minutes', () => {
  assert.equal(sentenceOf({ elapsedMs: 190_000, expectedMs: 425_000 }), 'Meetings are being prepared: 3 of about 7 minutes.')
})
