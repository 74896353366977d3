// `npm start`: from a fresh clone to a running hub. Plain JavaScript: it runs on the machine's own Node, 20 or newer.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { buildClient, compiled, install, isNewEnough, nodeProgram, root, say, Sorry } from './prepare.mjs'

const args = process.argv.slice(2)
const isDev = args.includes('--dev')
const main = join(root, 'server/src/main.ts')
process.chdir(root)

try {
  await install()
  if (!isDev) await buildClient()
  // In this very process where possible: a second Node would only wait.
  if (isNewEnough() && !isDev) await startHere()
  else startChild(nodeProgram(), isDev ? [...watching(), main, ...args] : [main, ...args])
} catch (error) {
  if (!(error instanceof Sorry)) throw error
  say(error.message)
  process.exitCode = 1
}

async function startHere() {
  // Half of a start is compiling, the same as last time. Where the folder cannot be written, it is compiled each time.
  const { enableCompileCache, flushCompileCache } = await import('node:module')
  enableCompileCache(compiled)
  await import(main)
  flushCompileCache()
}

/** Servers start anew when their sources change; the client is reloaded by its build tool while they run. */
function watching() {
  const folders = ['protocol', 'platform', 'server', 'sfu', 'collab'].map((name) => `--watch-path=${join(root, name, 'src')}`)
  return ['--watch', '--watch-preserve-output', ...folders]
}

function startChild(program, childArgs) {
  const child = spawn(program, childArgs, { stdio: 'inherit', env: { NODE_COMPILE_CACHE: compiled, ...process.env } })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.once('error', (error) => {
    say(`${program} does not start: ${error.message}`)
    process.exitCode = 1
  })
  child.once('exit', (code, signal) => {
    if (!signal) return process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}
