// Writes the table of settings into README.md, from the descriptions that the program itself has. `--check`: only looks.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeSettings } from '@atrium/platform/config'

const file = join(import.meta.dirname, '../README.md')
const rows = describeSettings({}, []).map(
  ({ key, value, description }) => `| \`${key}\` | ${isPath(value) ? '' : code(value)} | ${description.replaceAll('|', '\\|')} |`,
)
const table = ['| Setting | Without it | What it is |', '|---|---|---|', ...rows].join('\n')
const before = readFileSync(file, 'utf8')
const after = before.replace(/(<!-- settings -->\n)[^]*(<!-- \/settings -->)/, `$1${table}\n$2`)
if (!process.argv.includes('--check')) writeFileSync(file, after)
else if (after !== before) {
  console.error('The table of settings in README.md is not what the settings say: run `node infra/readme.ts`.')
  process.exitCode = 1
}

function code(value: string): string {
  return value === '' ? '' : `\`${value}\``
}

/** A default that depends on the machine says nothing to a reader. */
function isPath(value: string): boolean {
  return value.startsWith('/')
}
