import assert from 'node:assert/strict'
import { test } from 'vitest'
import { applyUpdate, createRelativePositionFromTypeIndex, createAbsolutePositionFromRelativePosition, Doc, encodeStateAsUpdate, UndoManager, XmlElement, XmlText } from 'yjs' // prettier-ignore
import { restore } from './restore.ts'

const block = (text: string, name = 'paragraph', attributes: Record<string, string> = {}) => {
  const element = new XmlElement(name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  element.insert(0, [new XmlText(text)])
  return element
}
function page(...blocks: XmlElement[]): Doc {
  const document = new Doc()
  document.getXmlFragment('default').insert(0, blocks)
  return document
}
const says = (document: Doc) => document.getXmlFragment('default').toString()
const textOf = (document: Doc, n: number) => (document.getXmlFragment('default').get(n) as XmlElement).get(0) as XmlText

/** Restores, and answers with what that was on the wire. */
function restored(document: Doc, state: Uint8Array) {
  const updates: Uint8Array[] = []
  document.on('update', (update: Uint8Array) => updates.push(update))
  const done = document.transact(() => restore(document, state))
  return { done, update: updates[0] ?? new Uint8Array() }
}

test('only what differs is touched: two hundred blocks, a word and a block changed', () => {
  const document = page(...Array.from({ length: 200 }, (_, n) => block(`This is block number ${n} of them.`)))
  const then = encodeStateAsUpdate(document)
  const before = says(document)
  textOf(document, 7).insert(8, 'certainly ')
  document.getXmlFragment('default').delete(50, 1)
  document.getXmlFragment('default').insert(0, [block('A new beginning', 'heading', { level: '2' })])

  const { done, update } = restored(document, then)
  assert.equal(says(document), before)
  assert.deepEqual(done, { kept: 198, changed: 1 + 1, added: 1, removed: 1 })
  assert.ok(update.length < 1_000, `${update.length} bytes`)
})

test('whoever stands elsewhere keeps their place, also within a block that changes', () => {
  const document = page(block('one two three'), block('four five six'))
  const then = encodeStateAsUpdate(document)
  const text = textOf(document, 0)
  const place = createRelativePositionFromTypeIndex(text, 10)
  text.delete(0, 4)
  restored(document, then)
  const back = createAbsolutePositionFromRelativePosition(place, document)
  assert.equal(textOf(document, 0).toString(), 'one two three')
  assert.equal(back?.index, 10)
})

test('marks, attributes, pictures and tables come back', () => {
  const table = new XmlElement('table')
  table.insert(0, [block('cell', 'tableRow'), block('other', 'tableRow')])
  const document = page(block('words', 'heading', { level: '1' }), table)
  textOf(document, 0).format(0, 3, { bold: true })
  textOf(document, 0).insertEmbed(2, { image: 'a' })
  const then = encodeStateAsUpdate(document)
  const before = says(document)
  textOf(document, 0).format(0, 5, { bold: null, italic: true })
  ;(document.getXmlFragment('default').get(0) as XmlElement).setAttribute('level', '3')
  table.delete(0, 1)
  restored(document, then)
  assert.equal(says(document), before)
  assert.deepEqual(textOf(document, 0).toDelta(), fresh(then))

  function fresh(state: Uint8Array) {
    const copy = new Doc()
    applyUpdate(copy, state)
    return textOf(copy, 0).toDelta()
  }
})

test('a restore is one step to undo, and other copies converge with it', () => {
  const document = page(block('before'))
  const other = new Doc()
  applyUpdate(other, encodeStateAsUpdate(document))
  const then = encodeStateAsUpdate(document)
  textOf(document, 0).insert(6, ' and after')
  const undo = new UndoManager(document.getXmlFragment('default'))
  document.transact(() => restore(document, then))
  textOf(other, 0).insert(0, 'long ')
  applyUpdate(other, encodeStateAsUpdate(document))
  applyUpdate(document, encodeStateAsUpdate(other), 'from elsewhere')
  assert.equal(says(document), says(other))
  assert.equal(says(document), '<paragraph>long before</paragraph>')
  undo.undo()
  assert.equal(says(document), '<paragraph>long before and after</paragraph>')
})

test('a very long document is replaced as a whole, and a page can become empty', () => {
  const document = page(...Array.from({ length: 5_001 }, (_, n) => block(`${n}`)))
  const then = encodeStateAsUpdate(document)
  const before = says(document)
  document.getXmlFragment('default').delete(10, 1)
  restored(document, then)
  assert.equal(says(document), before)
  restored(document, encodeStateAsUpdate(new Doc()))
  assert.equal(says(document), '')
})

test('random pages become each other', () => {
  let seed = 4_711
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
  const words = ['red', 'green', 'blue', 'and', 'or']
  const anyBlock = () => block(Array.from({ length: random(6) }, () => words[random(5)]).join(' '), ['paragraph', 'heading'][random(2)])
  for (let round = 0; round < 200; round++) {
    const document = page(...Array.from({ length: random(8) }, anyBlock))
    const then = encodeStateAsUpdate(document)
    const before = says(document)
    const live = document.getXmlFragment('default')
    for (let edits = 1 + random(6); edits > 0; edits--) {
      const at = random(live.length + 1)
      if (random(3) === 0) live.insert(at, [anyBlock()])
      else if (at < live.length && random(2) === 0) live.delete(at, 1)
      else if (at < live.length) textOf(document, at).insert(random(textOf(document, at).length + 1), 'x y')
    }
    restored(document, then)
    assert.equal(says(document), before, `round ${round}`)
  }
})
