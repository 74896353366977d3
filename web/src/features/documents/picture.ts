import { mergeAttributes, Node } from '@tiptap/core'
import type { FileId } from '@atrium/protocol'

export interface PictureOptions {
  /** Where the picture can be fetched now; undefined where one may not, or it is gone. */
  pathOf: (fileId: FileId) => Promise<string | undefined>
  /** Instead of a picture that is not there. */
  missing: () => string
}

/** A picture is a file of the hub. The document names it; who may see the file sees the picture. */
export const Picture = Node.create<PictureOptions>({
  name: 'picture',
  group: 'block',
  atom: true,
  draggable: true,
  addOptions: () => ({ pathOf: async () => undefined, missing: () => '' }),
  addAttributes: () => ({
    fileId: {
      default: null,
      parseHTML: (element) => element.dataset['file'] ?? null,
      renderHTML: ({ fileId }) => ({ 'data-file': fileId }),
    },
    alt: { default: '' },
  }),
  parseHTML: () => [{ tag: 'img[data-file]' }],
  renderHTML: ({ HTMLAttributes }) => ['img', mergeAttributes(HTMLAttributes)],
  addNodeView() {
    const { pathOf, missing } = this.options
    return ({ node }) => {
      const dom = document.createElement('figure')
      const { fileId, alt } = node.attrs as { fileId: FileId | null; alt: string }
      const picture = document.createElement('img')
      picture.alt = alt
      const say = () => {
        dom.replaceChildren(missing())
        dom.className = 'missing'
      }
      picture.addEventListener('error', say)
      dom.append(picture)
      void (fileId ? pathOf(fileId) : Promise.resolve(undefined)).then((path) => (path ? (picture.src = path) : say()))
      return { dom }
    }
  },
})
