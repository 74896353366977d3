// `npm run bench [name …]`: every benchmark in a process of its own, one after the other. Ends with 1 if a figure was not reached.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const wanted = process.argv.slice(2)
const files = readdirSync(import.meta.dirname).filter(
  (file) => file.endsWith('.bench.ts') && (wanted.length === 0 || wanted.some((name) => file.startsWith(name))),
)
if (files.length === 0) throw new Error(`There is no benchmark called ${wanted.join(' or ')}.`)
for (const file of files.sort()) {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, file)], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
