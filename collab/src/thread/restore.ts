import { applyUpdate, Doc, XmlElement, XmlText, type XmlFragment } from 'yjs'
import { align, type Likeness } from './align.ts'

type Node = XmlElement | XmlText
type Parent = XmlFragment | XmlElement
type Marks = Record<string, unknown>

/** Where the editor keeps a document's text. */
const field = 'default'
/** Beyond that, finding what is the same takes longer than bringing everything anew. */
const maxBlocks = 5_000

export interface Restored {
  kept: number
  changed: number
  added: number
  removed: number
}

/**
 * Makes a document say what a state said, by ordinary edits of only what differs: cursors elsewhere stay where they are,
 * and everybody's copy converges. To be called inside a transact.
 */
export function restore(document: Doc, state: Uint8Array): Restored {
  const then = new Doc()
  applyUpdate(then, state)
  const live = document.getXmlFragment(field)
  const past = then.getXmlFragment(field)
  const done: Restored = { kept: 0, changed: 0, added: 0, removed: 0 }
  if (Math.max(live.length, past.length) > maxBlocks) replaceAll(live, past, done)
  else restoreChildren(live, past, done)
  then.destroy()
  return done
}

const childrenOf = (node: Parent) => node.toArray() as Node[]
const cloned = (node: Node) => node.clone() as Node

function replaceAll(live: XmlFragment, past: XmlFragment, done: Restored): void {
  done.removed = live.length
  done.added = past.length
  live.delete(0, live.length)
  live.insert(0, childrenOf(past).map(cloned))
}

/** Everything that a node says, in one text. */
function print(node: Node): string {
  if (node instanceof XmlText) return JSON.stringify(node.toDelta())
  const attributes = Object.entries(node.getAttributes()).sort(([one], [other]) => (one < other ? -1 : 1))
  return `<${node.nodeName} ${JSON.stringify(attributes)}>${childrenOf(node).map(print).join()}`
}
const nodes: Likeness<Node> = {
  key: print,
  isAlike: (live, past) =>
    live instanceof XmlText ? past instanceof XmlText : past instanceof XmlElement && live.nodeName === past.nodeName,
}

function restoreChildren(live: Parent, past: Parent, done: Restored): void {
  let at = 0
  for (const step of align(childrenOf(live), childrenOf(past), nodes)) {
    if (step.is === 'removed') {
      live.delete(at, 1)
      done.removed++
      continue
    }
    if (step.is === 'added') {
      live.insert(at, [cloned(step.past)])
      done.added++
    } else if (step.is === 'changed') {
      change(step.live, step.past, done)
      done.changed++
    } else done.kept++
    at++
  }
}

function change(live: Node, past: Node, done: Restored): void {
  if (live instanceof XmlText) return restoreText(live, past as XmlText)
  const wanted = (past as XmlElement).getAttributes() as Marks
  const has = live.getAttributes() as Marks
  for (const name of Object.keys(has)) if (!(name in wanted)) live.removeAttribute(name)
  for (const [name, value] of Object.entries(wanted))
    if (JSON.stringify(value) !== JSON.stringify(has[name])) live.setAttribute(name, value as string)
  restoreChildren(live, past as XmlElement, done)
}

interface Piece {
  what: string | object
  marks: Marks
}
interface Insert {
  insert: string | object
  attributes?: Marks
}
/** Words, so that a changed word is changed and its neighbours keep their cursors. */
const piecesOf = (text: XmlText): Piece[] =>
  (text.toDelta() as Insert[]).flatMap(({ insert, attributes = {} }) =>
    (typeof insert === 'string' ? (insert.match(/\s+|\S+/gu) ?? []) : [insert]).map((what) => ({ what, marks: attributes })),
  )
const lengthOf = ({ what }: Piece): number => (typeof what === 'string' ? what.length : 1)
const pieces: Likeness<Piece> = { key: ({ what, marks }) => JSON.stringify([what, marks]), isAlike: () => false }

function restoreText(live: XmlText, past: XmlText): void {
  let at = 0
  for (const step of align(piecesOf(live), piecesOf(past), pieces)) {
    if (step.is === 'removed') {
      live.delete(at, lengthOf(step.live))
      continue
    }
    if (step.is === 'added') insert(live, at, step.past)
    at += lengthOf(step.past)
  }
}

function insert(live: XmlText, at: number, { what, marks }: Piece): void {
  if (typeof what === 'string') live.insert(at, what, marks)
  else live.insertEmbed(at, what, marks)
}
