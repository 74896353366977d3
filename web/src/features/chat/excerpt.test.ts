import assert from 'node:assert/strict'
import { test } from 'vitest'
import { excerptOf } from './excerpt.ts'

const of = (body: string) => excerptOf({ body, pictures: [] })

test('a line about a message has its words without the signs around them', () => {
  assert.equal(of('By the window: *storm blue* and _heron_, wet **and** dry'), 'By the window: storm blue and heron, wet and dry')
  assert.equal(of('~~no~~ `rev C` [the plan](https://plan.example)'), 'no rev C the plan')
  assert.equal(of('> he said\n> so\n- one\n- two'), 'he said so one two')
  assert.equal(of('```ts\nconst a = 1\n```'), 'const a = 1')
})

test('signs that mean themselves stay', () => {
  assert.equal(of('2*3*4 and snake_case_name and 2 * 3 * 4'), '2*3*4 and snake_case_name and 2 * 3 * 4')
})

test('long words are cut, and pictures without words are called so', () => {
  assert.equal(of('x'.repeat(200)), `${'x'.repeat(160)}…`)
  const picture = { id: '018f0000-0000-7000-8000-000000000000' as never, width: 1, height: 1 } as never
  assert.equal(excerptOf({ body: '', pictures: [picture] }), 'Picture')
})
