import type { Extensions } from '@tiptap/core'
import Collaboration from '@tiptap/extension-collaboration'
import { Blockquote } from '@tiptap/extension-blockquote'
import { Bold } from '@tiptap/extension-bold'
import { Code } from '@tiptap/extension-code'
import { CodeBlock } from '@tiptap/extension-code-block'
import { Document } from '@tiptap/extension-document'
import { HardBreak } from '@tiptap/extension-hard-break'
import { Heading } from '@tiptap/extension-heading'
import { HorizontalRule } from '@tiptap/extension-horizontal-rule'
import { Italic } from '@tiptap/extension-italic'
import { BulletList, ListItem, ListKeymap, OrderedList, TaskItem, TaskList } from '@tiptap/extension-list'
import { Paragraph } from '@tiptap/extension-paragraph'
import { Strike } from '@tiptap/extension-strike'
import { TableKit } from '@tiptap/extension-table'
import { Text } from '@tiptap/extension-text'
import { Underline } from '@tiptap/extension-underline'
import { Dropcursor } from '@tiptap/extensions/drop-cursor'
import { Gapcursor } from '@tiptap/extensions/gap-cursor'
import { Placeholder } from '@tiptap/extensions/placeholder'
import { TrailingNode } from '@tiptap/extensions/trailing-node'
import type { Doc } from 'yjs'
import { Link } from './link.ts'
import { Picture, type PictureOptions } from './picture.ts'

/** What a document may hold. One by one: the kit of them all brings a history of its own and a list of all top-level domains along. Its text is the fragment `default`, as the hub keeps it. */
export const extensions = (doc: Doc, picture: PictureOptions, placeholder: () => string): Extensions => [
  ...[Document, Paragraph, Text, Heading.configure({ levels: [1, 2, 3] }), Blockquote, CodeBlock, HorizontalRule, HardBreak],
  ...[Bold, Italic, Strike, Underline, Code, Link],
  ...[BulletList, OrderedList, ListItem, ListKeymap],
  ...[Dropcursor, Gapcursor, TrailingNode],
  TaskList,
  TaskItem.configure({ nested: true }),
  TableKit.configure({ table: { resizable: true } }),
  Picture.configure(picture),
  Placeholder.configure({ placeholder, showOnlyWhenEditable: false }),
  Collaboration.configure({ document: doc, field: 'default' }),
]
