// The import rule: nothing imports upwards, no slice reaches into another, nothing imports itself in a circle.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What a workspace may import of the others. The test of an import is its direction; `mobile` and `web` know no server. */
const mayImport: Record<string, string[]> = {
  protocol: [],
  platform: ['protocol'],
  sfu: ['platform', 'protocol'],
  collab: ['platform', 'protocol'],
  server: ['platform', 'protocol'],
  mobile: ['protocol'],
  web: ['mobile', 'protocol'],
  infra: ['server', 'sfu', 'collab', 'platform', 'protocol'],
  test: ['infra', 'server', 'sfu', 'collab', 'platform', 'protocol', 'web'],
}

/** Inside the server: a slice sees those before it, and of them the door only. */
const beforeChat = ['directory', 'grants', 'audit', 'lists', 'auth', 'factors', 'pictures']
const slices = [...beforeChat, 'chat', 'files', 'documents', 'meetings', 'presence', 'search', 'providers']
const layers = [...slices, 'demo', 'gateway']
const entries: Record<string, string[]> = { '@atrium/sfu': ['server/src/main.ts'], '@atrium/collab': ['server/src/main.ts'] }

export interface Import {
  from: string
  /** A file of ours, from the top of the checkout. */
  to: string
  isTypeOnly: boolean
}

/** Every sentence that is wrong with these imports. `isTypeOnly` ones are free of circles: they vanish when the code runs. */
export function wrongImports(imports: Import[]): string[] {
  return [...imports.flatMap(wrongDirection), ...circles(imports.filter(({ isTypeOnly }) => !isTypeOnly))]
}

function wrongDirection({ from, to }: Import): string[] {
  const [home = '', there = ''] = [from, to].map((file) => file.split('/')[0])
  if (home !== there) {
    if ((home === 'sfu' || home === 'collab' || home === 'server') && (entries[`@atrium/${there}`] ?? []).includes(from)) return []
    return mayImport[home]?.includes(there)
      ? []
      : [`${from} imports ${to}: ${home} may import ${mayImport[home]?.join(', ') || 'nothing'} of ours.`]
  }
  return home === 'server' && !isTest(from) ? insideServer(from, to) : []
}

function insideServer(from: string, to: string): string[] {
  const [mine, other] = [from, to].map(layerOf)
  if (to.startsWith('server/src/testing/')) return [`${from} imports ${to}: only tests do.`]
  if (mine === other || other === undefined)
    return other === undefined && mine !== undefined && !from.startsWith('server/migrations/') ? upwards(from, to) : []
  if (mine === undefined) return []
  if (layers.indexOf(other) > layers.indexOf(mine))
    return [`${from} imports ${to}: the order is ${layers.join(' → ')}, and nothing imports what comes later.`]
  if (slices.includes(other) && !to.endsWith(`/${other}/index.ts`))
    return [`${from} imports ${to}: another slice is seen through its index.ts only.`]
  return []
}

const upwards = (from: string, to: string) =>
  /^server\/src\/(main|service)\.ts$/.test(to) ? [`${from} imports ${to}: the composition imports the slices, not they it.`] : []

const layerOf = (file: string) => /^server\/src\/([^/]+)\//.exec(file)?.[1]
const isTest = (file: string) => file.endsWith('.test.ts') || file.includes('/testing/')

/** Each circle once, told from its first file in the alphabet. */
function circles(imports: Import[]): string[] {
  const next = Map.groupBy(imports, ({ from }) => from)
  const state = new Map<string, 'open' | 'done'>()
  const trail: string[] = []
  const told: string[] = []
  const walk = (file: string) => {
    state.set(file, 'open')
    trail.push(file)
    for (const { to } of next.get(file) ?? []) {
      if (state.get(to) === 'open') told.push(`A circle: ${[...trail.slice(trail.indexOf(to)), to].join(' → ')}`)
      else if (!state.has(to)) walk(to)
    }
    trail.pop()
    state.set(file, 'done')
  }
  for (const file of [...next.keys()].sort()) if (!state.has(file)) walk(file)
  return told
}

/** All imports between files of ours below a checkout. Comments that look like imports count: there should be none. */
export function importsBelow(root: string): Import[] {
  return Object.keys(mayImport)
    .flatMap((workspace) => sources(join(root, workspace)))
    .flatMap((file) =>
      importsOf(readFileSync(file, 'utf8')).flatMap(({ name, isTypeOnly }) => {
        const to = target(root, file, name)
        // A component that shows itself, in a tree, is no circle.
        return to && to !== file ? [{ from: relative(root, file), to: relative(root, to), isTypeOnly }] : []
      }),
    )
}

/** The module names in a source, static, dynamic and re-exported. */
export function importsOf(text: string): { name: string; isTypeOnly: boolean }[] {
  const pattern =
    /^\s*(?:import|export)\s+(type\s)?[^'"`;]*?from\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm
  // What is imported when needed is no circle at start, and `import('…')` in a type is none at all.
  return [...text.matchAll(pattern)].map(([, type, from, bare, lazy]) => ({
    name: from ?? bare ?? lazy ?? '',
    isTypeOnly: type !== undefined || lazy !== undefined,
  }))
}

function target(root: string, file: string, name: string): string | undefined {
  if (name.startsWith('.')) return resolve(dirname(file), name)
  if (name.startsWith('#') || name.startsWith('$')) return undefined
  const [, workspace, path] = /^@atrium\/([^/]+)\/?(.*)$/.exec(name) ?? []
  if (!workspace) return undefined
  return join(root, workspace, 'src', path ? `${path}.ts` : 'index.ts')
}

function sources(folder: string): string[] {
  const skipped = ['node_modules', 'build', '.svelte-kit', 'paraglide', 'results']
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.includes(entry.name)) return []
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sources(path)
    return /\.(ts|svelte|mjs)$/.test(entry.name) ? [path] : []
  })
}

if (import.meta.main) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const wrong = wrongImports(importsBelow(root))
  for (const sentence of wrong) console.error(sentence)
  process.exitCode = wrong.length > 0 ? 1 : 0
}
