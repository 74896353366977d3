import type { Extensions } from '@tiptap/core'
import Collaboration from '@tiptap/extension-collaboration'
import { TaskItem, TaskList } from '@tiptap/extension-list'
import { TableKit } from '@tiptap/extension-table'
import { Placeholder } from '@tiptap/extensions'
import StarterKit from '@tiptap/starter-kit'
import type { Doc } from 'yjs'
import { Picture, type PictureOptions } from './picture.ts'

/** What a document may hold. Its text is the fragment `default`, as the hub keeps it. */
export const extensions = (doc: Doc, picture: PictureOptions, placeholder: () => string): Extensions => [
  StarterKit.configure({
    // Taking back is each writer's own: what others wrote stays.
    undoRedo: false,
    heading: { levels: [1, 2, 3] },
    link: {
      openOnClick: false,
      autolink: true,
      defaultProtocol: 'https',
      HTMLAttributes: { rel: 'noopener noreferrer nofollow', target: '_blank' },
    },
  }),
  TaskList,
  TaskItem.configure({ nested: true }),
  TableKit.configure({ table: { resizable: true } }),
  Picture.configure(picture),
  Placeholder.configure({ placeholder, showOnlyWhenEditable: true }),
  Collaboration.configure({ document: doc, field: 'default' }),
]
