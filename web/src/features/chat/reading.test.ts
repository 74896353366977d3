import { beforeAll, expect, test } from 'vitest'
import { isOnlyEmoji, plain, type Block } from './markdown.ts'
import { blocksOf, reading } from './reading.svelte.ts'

beforeAll(() => reading.load())

const first = (body: string) => blocksOf(body)[0] as Block & { children: never[] }
const text = (body: string) =>
  blocksOf(body).map((block) => ('children' in block && block.kind === 'paragraph' ? plain(block.children) : block.kind))

test('emphasis, code, lists, quotes and links are read', () => {
  expect(blocksOf('**bold** _lean_ ~~gone~~ `code`')).toEqual([
    {
      kind: 'paragraph',
      children: [
        { kind: 'strong', children: [{ kind: 'text', text: 'bold' }] },
        { kind: 'text', text: ' ' },
        { kind: 'emphasis', children: [{ kind: 'text', text: 'lean' }] },
        { kind: 'text', text: ' ' },
        { kind: 'struck', children: [{ kind: 'text', text: 'gone' }] },
        { kind: 'text', text: ' ' },
        { kind: 'code', text: 'code' },
      ],
    },
  ])
  expect(blocksOf('```ts\nlet a = 1\n```')).toEqual([{ kind: 'code', text: 'let a = 1' }])
  expect(blocksOf('3. three\n4. four')).toMatchObject([
    { kind: 'list', start: 3, items: [[{ kind: 'paragraph' }], [{ kind: 'paragraph' }]] },
  ])
  expect(blocksOf('> said')).toMatchObject([{ kind: 'quote', children: [{ kind: 'paragraph' }] }])
  expect(first('see https://example.org/a.').children).toMatchObject([
    { kind: 'text' },
    { kind: 'link', href: 'https://example.org/a' },
    { kind: 'text', text: '.' },
  ])
})

test('line breaks stay', () => {
  expect(first('a\nb').children).toEqual([{ kind: 'text', text: 'a' }, { kind: 'break' }, { kind: 'text', text: 'b' }])
})

test.each([
  ['# no headline', '# no headline'],
  ['<b>no</b> <script>alert(1)</script>', '<b>no</b> <script>alert(1)</script>'],
  ['&lt;b&gt; &amp;', '&lt;b&gt; &amp;'],
  ['| a | b |\n|---|---|\n| 1 | 2 |', '| a | b |\n|---|---|\n| 1 | 2 |'],
  ['[x]: https://example.org', '[x]: https://example.org'],
  ['    indented', 'indented'],
])('%j is shown as it was typed', (body, shown) => {
  expect(text(body).join('\n').trim()).toBe(shown)
})

test.each([
  'javascript:alert(1)',
  'data:text/html,x',
  'file:///etc/passwd',
  'JaVaScRiPt:alert(1)',
  'vbscript:x',
  '//evil.example',
  '/relative',
])('%s is no link', (href) => {
  expect(JSON.stringify(blocksOf(`[click](${href}) ![picture](${href})`))).not.toContain('"link"')
})

test('a link that pretends to lead elsewhere says where it leads', () => {
  expect(first('[https://bank.example](https://evil.example/x)').children).toMatchObject([{ kind: 'link', host: 'evil.example' }])
  for (const words of ['https://bank.example/evil.example', 'bank.example (evil.example)', 'https://evil.example@bank.example'])
    expect(first(`[${words}](https://evil.example/)`).children).toMatchObject([{ kind: 'link', host: 'evil.example' }])
  expect(first('https://bank.example@evil.example/').children).toMatchObject([{ kind: 'link', host: 'evil.example' }])
  for (const typed of ['https://example.org/a/file.html?x=other.example', 'www.example.org/b', 'HTTPS://Example.org'])
    expect(first(typed).children).toMatchObject([{ kind: 'link', host: undefined }])
  expect(first('[the plan](https://plans.example)').children).toMatchObject([{ kind: 'link', host: undefined }])
})

test.each([
  '>'.repeat(20_000),
  '['.repeat(20_000),
  '*a '.repeat(6_000),
  '`'.repeat(20_000),
  '_'.repeat(20_000),
  '![]('.repeat(5_000),
  '- '.repeat(10_000),
  'a@'.repeat(10_000),
  'www.'.repeat(5_000),
  '<a '.repeat(6_000),
  'a**b'.repeat(5_000),
  '\\'.repeat(20_000),
  'http://'.repeat(2_800),
  '~~a'.repeat(6_000),
])('no message takes long to read (%#)', (body) => {
  const before = process.cpuUsage()
  blocksOf(body)
  // What it costs, however busy the machine is with something else.
  const { user } = process.cpuUsage(before)
  expect(user / 1_000).toBeLessThan(2_000)
})

test('emoji alone are large', () => {
  expect([isOnlyEmoji('👍'), isOnlyEmoji('👩‍🚀 🇩🇪'), isOnlyEmoji('yes 👍'), isOnlyEmoji('1'), isOnlyEmoji('')]).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
})
