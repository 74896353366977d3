// Plain JavaScript without dependencies: it runs on the machine's own Node, before anything is installed.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const at = (...parts) => join(root, ...parts)
const neededMajor = 24
/** What Node compiled of our sources and of what they import, for the next start. */
export const compiled = at('node_modules/.cache/compiled')

/** What went wrong, in a sentence for the person at the keyboard. */
export class Sorry extends Error {}

/** Brings `node_modules` to what the lock file says, if it is anything else. */
export async function install() {
  if (isInstalled()) return
  say('Installing what Atrium needs, as package-lock.json says. This happens once and takes about a minute …')
  const npm = process.env['npm_execpath']
  const [program, ...args] = npm ? [process.execPath, npm] : ['npm']
  const code = await run(program, [...args, 'ci', '--no-fund', '--no-audit', '--loglevel=error'], root)
  if (code !== 0)
    throw new Sorry('npm could not install the dependencies: what it says above is the reason. Start again when that is mended.')
}

function isInstalled() {
  const wanted = packagesIn(at('package-lock.json'))
  const found = packagesIn(at('node_modules/.package-lock.json'))
  if (!wanted) throw new Sorry('package-lock.json is missing or broken: this is no whole copy of Atrium.')
  if (!found) return false
  return Object.entries(wanted).every(
    // What npm leaves out on this machine is optional; a workspace is a link and has no version in the installed list.
    ([path, { version, optional, link }]) =>
      !path.includes('node_modules/') || link || found[path]?.version === version || (optional && !found[path]),
  )
}

function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

/** Builds the web client if it is missing or other than its sources. They are compared by content: a checkout gives files any date. */
export async function buildClient() {
  if (!existsSync(at('web/src'))) return
  const stamp = at('web/build/.sources')
  const sources = hashOfSources()
  if (existsSync(at('web/build/200.html')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return
  say('Building the web client. This takes about half a minute …')
  const node = nodeProgram()
  // Beside it, and no condition of it: a start that finds nothing compiled takes a second more.
  const compiling = run(node, [at('infra/compile.mjs')], root, 'quiet').catch(() => undefined)
  for (const command of [
    [at('node_modules/@sveltejs/kit/svelte-kit.js'), 'sync'],
    [at('node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'error'],
  ]) {
    const code = await run(node, command, at('web'), 'quiet')
    if (code !== 0) throw new Sorry('The web client could not be built: what is said above is the reason.')
  }
  await compiling
  writeFileSync(stamp, sources)
}

function hashOfSources() {
  const hash = createHash('sha256')
  for (const file of ['package-lock.json', ...['web', 'mobile', 'protocol/src'].flatMap(filesBelow)])
    hash.update(`${file}\0`).update(readFileSync(at(file)))
  return hash.digest('hex')
}

function filesBelow(folder) {
  // What a build leaves behind is not its source: names that begin with a dot, and the note that the reader of messages writes.
  const skipped = ['node_modules', 'build', 'paraglide', 'README.md']
  return readdirSync(at(folder), { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.') && !skipped.includes(name) && !name.includes('.test.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]))
}

/** A Node that is new enough: this one, or the one that npm installed. */
export function nodeProgram() {
  if (isNewEnough()) return process.execPath
  const program = at('node_modules', `node-${process.platform}-${process.arch}`, 'bin/node')
  if (existsSync(program)) return program
  throw new Sorry(
    `Atrium needs Node ${neededMajor} here, and npm brings none for ${process.platform} on ${process.arch}: install it (nodejs.org).`,
  )
}

export const isNewEnough = () => Number.parseInt(process.versions.node, 10) >= neededMajor

export function say(sentence) {
  process.stderr.write(`${sentence}\n`)
}

/** Runs to the end. What it prints goes to stderr, for stdout belongs to the hub; `quiet`: only if it fails. */
function run(program, args, cwd, manner = 'open') {
  return new Promise((resolve, reject) => {
    const out = manner === 'quiet' ? 'pipe' : 2
    const child = spawn(program, args, { cwd, stdio: ['ignore', out, out] })
    let printed = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (printed += text))
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (signal) return process.kill(process.pid, signal)
      if (code !== 0) process.stderr.write(printed)
      resolve(code)
    })
  })
}
