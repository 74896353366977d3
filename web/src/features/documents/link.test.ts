import assert from 'node:assert/strict'
import { test } from 'vitest'
import { hrefOf, isHarmless } from './link.ts'

test('what is written as an address leads there, to the web or to a letter', () => {
  assert.equal(hrefOf('https://example.org/a?b=c#d'), 'https://example.org/a?b=c#d')
  assert.equal(hrefOf('www.example.org'), 'https://www.example.org/')
  assert.equal(hrefOf('ada@example.org'), 'mailto:ada@example.org')
  assert.equal(hrefOf('https://'), undefined)
})

test('a link that would do something is none', () => {
  for (const href of ['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,x', 'vbscript:x', '/relative', '', null, 7])
    assert.equal(isHarmless(href), false, String(href))
  for (const href of ['https://example.org', 'mailto:a@b.c', 'tel:+49']) assert.equal(isHarmless(href), true)
})
