import Download from '@lucide/svelte/icons/download'
import FolderInput from '@lucide/svelte/icons/folder-input'
import Info from '@lucide/svelte/icons/info'
import Pencil from '@lucide/svelte/icons/pencil'
import Trash2 from '@lucide/svelte/icons/trash-2'
import UserPlus from '@lucide/svelte/icons/user-plus'
import type { File } from '@atrium/protocol'
import { m } from '#lib/i18n/index.ts'

/** What can be done in a folder, once for menus, keys, the bar of what is chosen, and what is dragged. */
export interface FileActions {
  chosen: () => readonly File[]
  details: (file: File) => void
  rename: (file: File) => void
  share: (file: File) => void
  download: (files: readonly File[]) => void
  move: (files: readonly File[]) => void
  trash: (files: readonly File[]) => Promise<void>
}

export const actionsOn = (file: File, actions: FileActions, mayWrite: boolean) => [
  { label: m.files_details(), icon: Info, run: () => actions.details(file) },
  ...(file.kind === 'file' ? [{ label: m.files_download(), icon: Download, run: () => actions.download([file]) }] : []),
  ...(mayWrite
    ? [
        { label: m.files_share(), icon: UserPlus, run: () => actions.share(file) },
        { label: m.files_rename(), icon: Pencil, run: () => actions.rename(file) },
        { label: m.files_move(), icon: FolderInput, run: () => actions.move([file]) },
        { label: m.files_to_trash(), icon: Trash2, isDanger: true, isSeparated: true, run: () => void actions.trash([file]) },
      ]
    : []),
]
