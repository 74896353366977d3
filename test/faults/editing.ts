import { XmlElement, XmlText, type XmlFragment } from 'yjs'
import type { Seeded } from './seed.ts'

export function block(text: string, name = 'paragraph'): XmlElement {
  const element = new XmlElement(name)
  element.insert(0, [new XmlText(text)])
  return element
}
export const says = (page: XmlFragment): string => page.toString()

function table(chance: Seeded): XmlElement {
  const rows = Array.from({ length: chance.between(1, 4) }, (_, row) => {
    const element = new XmlElement('tableRow')
    element.insert(
      0,
      Array.from({ length: 2 }, (_, cell) => block(`${row}/${cell}`, 'tableCell')),
    )
    return element
  })
  const element = new XmlElement('table')
  element.insert(0, rows)
  return element
}

/** The text of some block, as deep as there is one. */
function textIn(page: XmlFragment | XmlElement, chance: Seeded): XmlText | undefined {
  if (page.length === 0) return undefined
  const child = page.get(chance.between(0, page.length))
  return child instanceof XmlText ? child : child instanceof XmlElement ? textIn(child, chance) : undefined
}

/** No letters of two halves: Yjs makes both a question mark when somebody writes between them, as no editor lets anybody do. */
const words = ['a', 'word ', 'two words ', '漢字', 'ü']
const marks = [{ bold: true }, { bold: null }, { italic: true }, { link: { href: 'https://example.org' } }]

/** One thing that somebody does in an editor; answers with what it was. */
export function edit(page: XmlFragment, chance: Seeded): string {
  const at = chance.between(0, page.length + 1)
  const what = chance.one(['type', 'type', 'type', 'erase', 'format', 'block', 'remove', 'move', 'heading', 'table', 'row'] as const)
  const text = textIn(page, chance)
  const somewhere = chance.between(0, (text?.length ?? 0) + 1)
  const some = Math.min(chance.between(1, 8), (text?.length ?? 0) - somewhere)
  if (what === 'type') text?.insert(somewhere, chance.one(words))
  else if (what === 'erase' && some > 0) text?.delete(somewhere, some)
  else if (what === 'format' && some > 0) text?.format(somewhere, some, chance.one(marks))
  else if (what === 'block') page.insert(at, [block(`block ${chance.between(0, 1_000)}`)])
  else if (what === 'table') page.insert(at, [table(chance)])
  else if (at >= page.length) return 'nothing'
  else if (what === 'remove') page.delete(at, 1)
  else if (what === 'move') move(page, at, chance.between(0, page.length))
  else if (what === 'heading') (page.get(at) as XmlElement).setAttribute('level', `${chance.between(1, 4)}`)
  else if (what === 'row') addRow(page.get(at) as XmlElement)
  return what
}

function move(page: XmlFragment, from: number, to: number): void {
  const moved = (page.get(from) as XmlElement).clone() as XmlElement
  page.doc!.transact(() => {
    page.delete(from, 1)
    page.insert(Math.min(to, page.length), [moved])
  })
}

function addRow(element: XmlElement): void {
  if (element.nodeName !== 'table') return
  const row = new XmlElement('tableRow')
  row.insert(0, [block('new', 'tableCell')])
  element.insert(element.length, [row])
}
