// `npm test`, also on a fresh clone. Plain JavaScript: it runs on the machine's own Node, and goes on with ours.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { buildClient, install, nodeProgram, root } from '../../infra/prepare.mjs'

process.chdir(root)
try {
  await install()
  await buildClient()
  const child = spawn(nodeProgram(), [join(root, 'test/run/all.ts'), ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  process.exitCode = await new Promise((resolve, reject) => child.once('error', reject).once('exit', (code) => resolve(code ?? 1)))
} catch (error) {
  console.log(error.message)
  console.log('0 passed, 1 failed')
  process.exitCode = 1
}
