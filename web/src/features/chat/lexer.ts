import { Lexer, Tokenizer, type MarkedToken, type Token } from 'marked'
import { asTyped, lines, plain, type Block, type Inline } from './markdown.ts'

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

/** Loaded when the first message needs it: nobody has to wait for it to write. */
export const lexed = (body: string): Block[] => (tooNested.test(body) ? [asTyped(body)] : tokenized(body))

function tokenized(body: string): Block[] {
  try {
    return blocks(new Lexer(options).lex(body), 0)
  } catch {
    // Whatever the tokenizer cannot read is still what somebody said.
    return [asTyped(body)]
  }
}

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
  const pretends = /[a-z0-9-]\.[a-z]{2,}|:\/\//i.test(words) && !isNamedBy(words, address)
  return { kind: 'link', href: address.href, children: shown, host: address.protocol !== 'mailto:' && pretends ? address.host : undefined }
}

/** Whether words that look like an address lead where they seem to. What stands before an @ is no host, though it may look like one. */
function isNamedBy(words: string, address: URL): boolean {
  const named = URL.parse(words.includes('://') ? words : `https://${words}`)
  return named?.host === address.host && address.username === ''
}
