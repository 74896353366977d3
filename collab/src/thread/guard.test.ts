import assert from 'node:assert/strict'
import { test } from 'vitest'
import { applyUpdate, Doc, encodeStateAsUpdate, XmlElement, XmlText } from 'yjs'
import { claims, deletes, strangers } from '../testing/hostile.ts'
import { inspect } from './guard.ts'

/** A document with everything in it that the editor makes. */
function written(): { document: Doc; updates: Uint8Array[] } {
  const document = new Doc()
  const updates: Uint8Array[] = []
  document.on('update', (update: Uint8Array) => updates.push(update))
  const page = document.getXmlFragment('default')
  const paragraph = new XmlElement('paragraph')
  const words = new XmlText('words 🙂 and more')
  paragraph.insert(0, [words])
  page.insert(0, [paragraph])
  words.format(0, 5, { bold: true })
  words.insertEmbed(3, { image: 'x', size: [1, 2.5, null, true] })
  words.delete(1, 4)
  document.getMap('map').set('key', { deep: { deeper: [1, 'two', new Uint8Array([3])] } })
  document.getArray('list').insert(0, [1, 2 ** 40, -7, 0.1, { nothing: undefined }])
  document.getText('t').insert(0, 'plain')
  return { document, updates }
}

test('what the editor writes is fine, change by change and as a whole', () => {
  const { document, updates } = written()
  const copy = new Doc()
  for (const update of updates) {
    assert.equal(inspect(update, copy), 'fine')
    applyUpdate(copy, update)
  }
  assert.equal(inspect(encodeStateAsUpdate(document), new Doc()), 'fine')
  assert.equal(inspect(encodeStateAsUpdate(document), document), 'fine')
})

test('a change whose beginning is missing is a gap, and so is a delete of what is not there', () => {
  const { updates } = written()
  for (const update of updates.slice(1)) assert.equal(inspect(update, new Doc()), 'gap')
})

test('what would cost Yjs much is refused before Yjs sees it', () => {
  const { document } = written()
  assert.equal(inspect(strangers(16_000), document), 'too_large')
  assert.equal(inspect(claims, document), 'malformed')
  assert.equal(inspect(deletes(document.clientID, 10, 16_000), document), 'malformed')
  assert.equal(inspect(new Uint8Array(9 << 20), document), 'too_large')
  const many = new Doc()
  for (let i = 0; i < 300; i++) many.getText('t').insert(0, 'x')
  assert.equal(inspect(encodeStateAsUpdate(many), document, { bytes: 1e6, structs: 200, newClients: 1, documentBytes: 1e6 }), 'too_large')
})

test('damage never makes it throw, and nothing that it lets through waits in the document', () => {
  const { document, updates } = written()
  const whole = encodeStateAsUpdate(document)
  let passed = 0
  let seed = 20_260_901
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
  for (let round = 0; round < 3_000; round++) {
    const damaged = Uint8Array.from(round % 2 ? updates[random(updates.length)]! : whole)
    for (let hits = 1 + random(4); hits > 0; hits--) damaged[random(damaged.length)] = random(256)
    const copy = new Doc()
    applyUpdate(copy, whole)
    if (inspect(damaged, copy) !== 'fine') continue
    passed++
    try {
      applyUpdate(copy, damaged)
    } catch {
      // Its author is told, and the document is as it was or says something else: it is still a document.
    }
    assert.equal(copy.store.pendingStructs, null, `seed round ${round}`)
    assert.equal(copy.store.pendingDs, null, `seed round ${round}`)
    copy.destroy()
  }
  assert.ok(passed > 100, `${passed} let through`)
})
