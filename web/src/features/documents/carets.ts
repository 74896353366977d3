import CollaborationCaret from '@tiptap/extension-collaboration-caret'
import type { AccountId } from '@atrium/protocol'

const hues = 5
/** The same person has the same colour on every page. */
export function hueOf(id: string): number {
  let sum = 0
  for (const letter of id) sum = (sum * 31 + letter.codePointAt(0)!) % 9_973
  return (sum % hues) + 1
}

/** Others' cursors, with their names: a state says only whose it is, and that the hub has written. */
export const carets = (awareness: unknown, nameOf: (id: AccountId) => string) =>
  CollaborationCaret.configure({
    provider: { awareness },
    user: {},
    render({ id }: { id?: AccountId }) {
      const caret = document.createElement('span')
      caret.className = 'caret'
      caret.style.setProperty('--who', `var(--who-${hueOf(id ?? '')})`)
      const label = document.createElement('span')
      label.className = 'caret-name'
      label.textContent = id ? nameOf(id) : ''
      caret.append(label)
      return caret
    },
    selectionRender: ({ id }: { id?: AccountId }) => ({
      nodeName: 'span',
      class: 'caret-selection',
      style: `--who: var(--who-${hueOf(id ?? '')})`,
    }),
  })
