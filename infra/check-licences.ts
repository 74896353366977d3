// What we depend on must be free to be given on under AGPL-3.0-or-later. Who adds a licence to the list has read it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const allowed = new Set([
  ...[
    'MIT',
    'MIT-0',
    'ISC',
    '0BSD',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'Apache-2.0',
    'Apache-2.0 WITH LLVM-exception',
    'BlueOak-1.0.0',
    'Python-2.0',
    'Zlib',
    'Unlicense',
    'CC0-1.0',
    'WTFPL',
  ],
  ...['PostgreSQL', 'MPL-2.0', 'LGPL-3.0-or-later', 'GPL-3.0-or-later', 'AGPL-3.0-or-later', 'CC-BY-4.0'],
])

/** Packages that do not say it in package.json; a person has looked, at this version. */
const looked: Record<string, string> = {
  '@inlang/plugin-message-format@4.4.4': 'MIT', // its LICENSE file
  '@lix-js/sdk-linux-x64@0.17.0': 'MIT', // the native part of @lix-js/sdk, which says so
  'combine-errors@3.0.3': 'MIT', // its Readme.md
  'svelte-toolbelt@0.10.7': 'MIT', // its LICENSE file
  'xml-escape@1.1.0': 'MIT', // it says "MIT License"
}

export interface Package {
  name: string
  licence: unknown
}

/** Who is refused, and why. An expression is good if one of its choices is, or all that it joins. */
export function refused(packages: Package[]): string[] {
  return packages.flatMap(({ name, licence }) => {
    const said = looked[name] ?? nameOf(licence)
    if (said === undefined) return [`${name} names no licence.`]
    return isGood(said) ? [] : [`${name} is under ${said}, which is not on the list.`]
  })
}

function nameOf(licence: unknown): string | undefined {
  if (typeof licence === 'string') return licence
  if (Array.isArray(licence)) return licence.map(nameOf).join(' OR ') || undefined
  return typeof licence === 'object' && licence !== null && 'type' in licence ? String(licence.type) : undefined
}

function isGood(expression: string): boolean {
  const plain = expression.replace(/^\((.*)\)$/, '$1').trim()
  if (allowed.has(plain)) return true
  if (plain.includes(' OR ')) return plain.split(' OR ').some(isGood)
  return plain.includes(' AND ') && plain.split(' AND ').every(isGood)
}

/** What is installed, with what each package says of itself. */
export function installedPackages(root: string): Package[] {
  const lock = JSON.parse(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8')) as {
    packages: Record<string, { link?: boolean }>
  }
  return Object.entries(lock.packages)
    .filter(([path, { link }]) => path.includes('node_modules/') && !link)
    .map(([path]) => {
      const { name, version, license, licenses } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'))
      return { name: `${name}@${version}`, licence: license ?? licenses }
    })
}

if (import.meta.main) {
  const wrong = refused(installedPackages(fileURLToPath(new URL('..', import.meta.url))))
  for (const sentence of wrong) console.error(sentence)
  process.exitCode = wrong.length > 0 ? 1 : 0
}
