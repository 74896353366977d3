import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'vitest'
import { contract, type Contract } from '@atrium/protocol'

test('what anybody may call without a session is what was reviewed, and nothing else', async () => {
  const text = await readFile(new URL('./open-operations.txt', import.meta.url), 'utf8')
  const reviewed = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  for (const line of reviewed) assert.match(line, /^\S+ {2,}\S.{20,}$/, 'every line says what a stranger learns or changes')

  const open = Object.entries(contract as Contract).flatMap(([name, entry]) => ('terms' in entry && 'open' in entry.terms ? [name] : []))
  assert.deepEqual(reviewed.map((line) => line.split(' ')[0]).sort(), open.sort())
})
