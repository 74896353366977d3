import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { test } from 'vitest'
import { importsBelow, importsOf, wrongImports, type Import } from './check-imports.ts'

const one = (from: string, to: string): Import => ({ from, to, isTypeOnly: false })
const isRefused = (from: string, to: string) => wrongImports([one(from, to)]).length === 1

test('nothing imports upwards', () => {
  assert.ok(isRefused('protocol/src/chat.ts', 'platform/src/errors.ts'))
  assert.ok(isRefused('platform/src/work.ts', 'server/src/service.ts'))
  assert.ok(isRefused('web/src/app.ts', 'platform/src/errors.ts'))
  assert.ok(isRefused('sfu/src/service.ts', 'server/src/chat/index.ts'))
  assert.ok(isRefused('server/src/service.ts', 'sfu/src/index.ts'))
  assert.ok(!isRefused('server/src/main.ts', 'sfu/src/index.ts'))
  assert.ok(!isRefused('server/src/chat/store.ts', 'platform/src/index.ts'))
})

test('a slice sees those before it, through their door', () => {
  assert.ok(!isRefused('server/src/chat/index.ts', 'server/src/directory/index.ts'))
  assert.ok(isRefused('server/src/chat/index.ts', 'server/src/directory/store.ts'))
  assert.ok(isRefused('server/src/directory/index.ts', 'server/src/chat/index.ts'))
  assert.ok(isRefused('server/src/chat/service.ts', 'server/src/gateway/index.ts'))
  assert.ok(isRefused('server/src/gateway/index.ts', 'server/src/service.ts'))
  assert.ok(isRefused('server/src/chat/service.ts', 'server/src/testing/index.ts'))
  assert.ok(!isRefused('server/src/chat/chat.test.ts', 'server/src/testing/index.ts'))
})

test('a circle is told with all its files; a circle of types is none', () => {
  const circle = [
    one('platform/src/a.ts', 'platform/src/b.ts'),
    one('platform/src/b.ts', 'platform/src/c.ts'),
    one('platform/src/c.ts', 'platform/src/a.ts'),
  ]
  assert.deepEqual(wrongImports(circle), ['A circle: platform/src/a.ts → platform/src/b.ts → platform/src/c.ts → platform/src/a.ts'])
  assert.deepEqual(wrongImports(circle.with(2, { ...circle[2]!, isTypeOnly: true })), [])
})

test('imports are found in every way they are written', () => {
  const names = importsOf(
    `import a, { b } from './1.ts'\nimport {\n  c,\n} from './2.ts'\nexport * from './3.ts'\nimport './4.ts'\nimport type { D } from './5.ts'\nconst e = await import('./6.ts')`,
  )
  assert.deepEqual(
    names.map(({ name }) => name),
    ['./1.ts', './2.ts', './3.ts', './4.ts', './5.ts', './6.ts'],
  )
  assert.deepEqual(
    names.map(({ isTypeOnly }) => isTypeOnly),
    [false, false, false, false, true, true],
  )
})

test('the imports of this very house are seen', () => {
  const all = importsBelow(fileURLToPath(new URL('..', import.meta.url)))
  assert.ok(all.some(({ from, to }) => from.startsWith('server/src/') && to === 'platform/src/index.ts'))
  assert.ok(all.some(({ from, to }) => from === 'infra/check-imports.test.ts' && to === 'infra/check-imports.ts'))
})
