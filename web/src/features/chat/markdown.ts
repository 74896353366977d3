import { Lexer, Tokenizer, type MarkedToken, type Token } from 'marked'

/** What a message may look like. Everything else people type is shown as they typed it. */
export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'strong' | 'emphasis' | 'struck'; children: Inline[] }
  | { kind: 'code'; text: string }
  | { kind: 'link'; href: string; children: Inline[]; host: string | undefined }
  | { kind: 'break' }
export type Block =
  | { kind: 'paragraph'; children: Inline[] }
  | { kind: 'code'; text: string }
  | { kind: 'quote'; children: Block[] }
  | { kind: 'list'; start: number | undefined; items: Block[][] }

/** Headings, tables, HTML, definitions and rules are not ours: a message that begins with "#" is no headline. */
class Small extends Tokenizer {
  override heading = () => undefined
  override lheading = () => undefined
  override html = () => undefined
  override tag = () => undefined
  override table = () => undefined
  override def = () => undefined
  override hr = () => undefined
  override code = () => undefined
}
const options = { gfm: true, breaks: true, tokenizer: new Small() }
const deepest = 6
/** A lexer may take long over thousands of nested signs; nobody writes those by hand. */
const tooNested = /(?:[>*_~`[\]()!-]\s?){200}/

const parsed = new Map<string, Block[]>()
const mostParsed = 2_000

export function blocksOf(body: string): Block[] {
  const known = parsed.get(body)
  if (known) return known
  if (parsed.size >= mostParsed) parsed.delete(parsed.keys().next().value!)
  const blocks = tooNested.test(body) ? [asTyped(body)] : tokenized(body)
  parsed.set(body, blocks)
  return blocks
}

function tokenized(body: string): Block[] {
  try {
    return blocks(new Lexer(options).lex(body), 0)
  } catch {
    // Whatever the tokenizer cannot read is still what somebody said.
    return [asTyped(body)]
  }
}

const asTyped = (text: string): Block => ({ kind: 'paragraph', children: lines(text) })
const lines = (text: string): Inline[] =>
  text
    .split('\n')
    .flatMap((line, index): Inline[] => (index === 0 ? [{ kind: 'text', text: line }] : [{ kind: 'break' }, { kind: 'text', text: line }]))

function blocks(tokens: Token[], depth: number): Block[] {
  return (tokens as MarkedToken[]).flatMap((token): Block[] => {
    if (token.type === 'space') return []
    if (depth >= deepest) return [asTyped(token.raw)]
    switch (token.type) {
      case 'paragraph':
        return [{ kind: 'paragraph', children: inlines(token.tokens, 0) }]
      case 'text':
        return [{ kind: 'paragraph', children: token.tokens ? inlines(token.tokens, 0) : lines(token.text) }]
      case 'code':
        return [{ kind: 'code', text: token.text }]
      case 'blockquote':
        return [{ kind: 'quote', children: blocks(token.tokens, depth + 1) }]
      case 'list':
        return [
          {
            kind: 'list',
            start: token.ordered ? Number(token.start) || 0 : undefined,
            items: token.items.map((item) => blocks(item.tokens, depth + 1)),
          },
        ]
      default:
        return [asTyped(token.raw.trim())]
    }
  })
}

function inlines(tokens: Token[], depth: number): Inline[] {
  return (tokens as MarkedToken[]).flatMap((token): Inline[] => {
    if (depth > deepest * 2) return lines(token.raw)
    switch (token.type) {
      case 'strong':
        return [{ kind: 'strong', children: inlines(token.tokens, depth + 1) }]
      case 'em':
        return [{ kind: 'emphasis', children: inlines(token.tokens, depth + 1) }]
      case 'del':
        return [{ kind: 'struck', children: inlines(token.tokens, depth + 1) }]
      case 'codespan':
        return [{ kind: 'code', text: token.text }]
      case 'br':
        return [{ kind: 'break' }]
      case 'escape':
        return [{ kind: 'text', text: token.text }]
      case 'text':
        return 'tokens' in token && token.tokens ? inlines(token.tokens, depth + 1) : lines(token.text)
      case 'link':
        return [linked(token.href, token.raw, () => inlines(token.tokens, depth + 1))]
      case 'image':
        return [linked(token.href, token.raw, () => [{ kind: 'text', text: token.text || token.href }])]
      default:
        return lines(token.raw)
    }
  })
}

/** Only the web and mail; a link that shows another address than it leads to says where it leads. */
function linked(href: string, raw: string, children: () => Inline[]): Inline {
  const address = URL.canParse(href) ? new URL(href) : undefined
  if (!address || !['http:', 'https:', 'mailto:'].includes(address.protocol)) return { kind: 'text', text: raw }
  const shown = children()
  const words = plain(shown)
  const pretends = /[a-z0-9-]\.[a-z]{2,}|:\/\//i.test(words) && !words.includes(address.host)
  return { kind: 'link', href: address.href, children: shown, host: address.protocol !== 'mailto:' && pretends ? address.host : undefined }
}

export const plain = (children: Inline[]): string =>
  children.map((child) => (child.kind === 'break' ? '\n' : 'text' in child ? child.text : plain(child.children))).join('')

/** One to six emoji and nothing else are shown large. */
export const isOnlyEmoji = (body: string): boolean => body.length <= 60 && /^(?:\p{RGI_Emoji}\s*){1,6}$/v.test(body.trim())
