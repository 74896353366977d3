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

/** Nothing but the words and their lines. */
export const asTyped = (text: string): Block => ({ kind: 'paragraph', children: lines(text) })
export const lines = (text: string): Inline[] =>
  text
    .split('\n')
    .flatMap((line, index): Inline[] => (index === 0 ? [{ kind: 'text', text: line }] : [{ kind: 'break' }, { kind: 'text', text: line }]))

export const plain = (children: Inline[]): string =>
  children.map((child) => (child.kind === 'break' ? '\n' : 'text' in child ? child.text : plain(child.children))).join('')

/** One to six emoji and nothing else are shown large. */
export const isOnlyEmoji = (body: string): boolean => body.length <= 60 && /^(?:\p{RGI_Emoji}\s*){1,6}$/v.test(body.trim())
