import { InputRule, Mark, PasteRule, mergeAttributes, type ExtendedRegExpMatchArray, type Range } from '@tiptap/core'

declare module '@tiptap/core' {
  interface Commands<ReturnType> {
    link: {
      setLink: (attributes: { href: string }) => ReturnType
      unsetLink: () => ReturnType
    }
  }
}

const schemes = ['http:', 'https:', 'mailto:', 'tel:']
/** A link leads somewhere and does nothing: `javascript:` and the like are text. */
export const isHarmless = (href: unknown): href is string => typeof href === 'string' && schemes.includes(URL.parse(href)?.protocol ?? '')

const address = String.raw`(?:https?:\/\/|www\.)[^\s<>"']*[^\s<>"'.,;:!?)\]}]|[^\s<>@"']+@[a-z\d-]+(?:\.[a-z\d-]+)+`
const typed = new RegExp(String.raw`(?:^|\s)(${address})([.,;:!?)\]}]*)(\s)$`, 'iu')
const pasted = new RegExp(address, 'giu')

/** Where a written address leads: what has no scheme is a mail address, or the web's. */
export function hrefOf(written: string): string | undefined {
  const whole = /^https?:/i.test(written)
    ? written
    : written.includes('@') && !/^www\./i.test(written)
      ? `mailto:${written}`
      : `https://${written}`
  return isHarmless(whole) ? URL.parse(whole)!.href : undefined
}

/** The library's own brings a list of all top-level domains along: addresses are taken for what looks like one here. */
export const Link = Mark.create({
  name: 'link',
  priority: 1_000,
  keepOnSplit: false,
  exitable: true,
  inclusive: false,
  addAttributes: () => ({ href: { default: null, parseHTML: (element) => element.getAttribute('href') } }),
  parseHTML: () => [{ tag: 'a[href]', getAttrs: (element) => (isHarmless(element.getAttribute('href')) ? null : false) }],
  renderHTML: ({ HTMLAttributes }) => [
    'a',
    mergeAttributes(HTMLAttributes, {
      // Whoever writes straight into the document may have written anything.
      href: isHarmless(HTMLAttributes['href']) ? HTMLAttributes['href'] : null,
      target: '_blank',
      rel: 'noopener noreferrer nofollow',
    }),
    0,
  ],
  addCommands() {
    return {
      setLink:
        ({ href }) =>
        ({ chain }) =>
          isHarmless(href) && chain().setMark(this.name, { href }).run(),
      unsetLink:
        () =>
        ({ chain }) =>
          chain().unsetMark(this.name, { extendEmptyMarkRange: true }).run(),
    }
  },
  addInputRules() {
    const { type } = this
    return [
      new InputRule({
        find: typed,
        handler({ state, range, match }) {
          const [, written = '', after = '', space = ' '] = match
          const href = hrefOf(written)
          if (!href || state.doc.resolve(range.from).parent.type.spec.code) return null
          const to = range.to - after.length
          state.tr
            .addMark(to - written.length, to, type.create({ href }))
            .insertText(space, range.to)
            .removeStoredMark(type)
          return undefined
        },
      }),
    ]
  },
  addPasteRules() {
    const { type } = this
    const mark = ({
      state,
      range,
      match,
    }: {
      state: { tr: { addMark(from: number, to: number, mark: unknown): unknown } }
      range: Range
      match: ExtendedRegExpMatchArray
    }) => {
      const href = hrefOf(match[0])
      if (href) state.tr.addMark(range.from, range.to, type.create({ href }))
    }
    return [new PasteRule({ find: pasted, handler: mark as never })]
  },
})
