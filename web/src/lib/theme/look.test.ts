import { readFileSync } from 'node:fs'
import { beforeEach, expect, test } from 'vitest'
import { look } from './look.svelte.ts'

const root = document.documentElement
beforeEach(() => look.choose({ theme: 'system', density: 'comfortable' }))

test('a theme is shown at once and kept', () => {
  look.choose({ theme: 'dark', density: 'compact' })
  expect({ ...root.dataset }).toMatchObject({ theme: 'dark', density: 'compact' })
  look.choose({ theme: 'system' })
  expect(root.dataset['theme']).toBeUndefined()
  expect(root.dataset['density']).toBe('compact')
})

test('the lines before the first paint show what was kept', () => {
  const script = /<script>([^]*?)<\/script>/.exec(readFileSync(`${import.meta.dirname}/../../app.html`, 'utf8'))![1]!
  look.choose({ theme: 'light', density: 'compact' })
  delete root.dataset['theme']
  delete root.dataset['density']
  new Function(script)()
  expect({ ...root.dataset }).toMatchObject({ theme: 'light', density: 'compact' })
})
