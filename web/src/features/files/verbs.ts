import type { Attached, Failure, File, FileId } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import { m, sentence } from '#lib/i18n/index.ts'
import { toasts } from '#lib/ui/index.ts'
import { preview } from './kinds.ts'

export const refused = (failure: Failure): void => void toasts.show(sentence(failure), { kind: 'bad' })

/** Brings the file to this device: the browser saves it, and shows how far it is. */
export async function download(hub: HubConnection, file: Pick<File, 'id' | 'name'>, version?: number): Promise<void> {
  const reply = await hub.call('files.download', { fileId: file.id, ...(version && { version }) })
  if (!reply.ok) return refused(reply.error)
  const link = document.createElement('a')
  link.href = reply.data.path
  link.download = file.name
  link.click()
}

/** In a window of its own, where a page of ours may show it; else it is saved. */
export async function look(hub: HubConnection, file: Pick<Attached, 'id' | 'kind' | 'name' | 'type'>): Promise<void> {
  if (!preview(file)) return download(hub, file)
  // Asked for at once: a window that opens later, no browser takes for somebody's wish.
  const page = window.open('', '_blank')
  const reply = await hub.call('files.download', { fileId: file.id, disposition: 'inline' })
  if (reply.ok && page) return page.location.replace(reply.data.path)
  page?.close()
  if (!reply.ok) refused(reply.error)
}

/** Done at once, and undone as quickly. */
export async function trash(hub: HubConnection, files: readonly File[]): Promise<boolean> {
  const fileIds = files.map(({ id }) => id)
  const reply = await hub.call('files.trash', { clientId: hub.newId(), fileIds })
  if (!reply.ok) {
    refused(reply.error)
    return false
  }
  const said = files.length === 1 ? m.files_trashed_one({ name: files[0]!.name }) : m.files_trashed({ count: files.length })
  toasts.show(said, { action: { label: m.undo(), run: () => void bringBack(hub, fileIds) } })
  return true
}

async function bringBack(hub: HubConnection, fileIds: FileId[]): Promise<readonly File[] | undefined> {
  const reply = await hub.call('files.restore', { clientId: hub.newId(), fileIds })
  if (reply.ok) return reply.data
  refused(reply.error)
  return undefined
}

/** Out of the trash, to where it was: the way there is in what is said. */
export async function restore(hub: HubConnection, file: File, open: (file: File) => void): Promise<boolean> {
  const [back] = (await bringBack(hub, [file.id])) ?? []
  if (!back) return false
  toasts.show(m.files_restored({ name: back.name }), { action: { label: m.files_open(), run: () => open(back) } })
  return true
}

export async function move(hub: HubConnection, files: readonly File[], to: Pick<File, 'id'>, toName: string): Promise<boolean> {
  const back = files[0]!.parentId
  const fileIds = files.map(({ id }) => id)
  const reply = await hub.call('files.move', { clientId: hub.newId(), fileIds, folderId: to.id })
  if (!reply.ok) {
    refused(reply.error)
    return false
  }
  const undo = back && {
    action: {
      label: m.undo(),
      run: () =>
        void hub.call('files.move', { clientId: hub.newId(), fileIds, folderId: back }).then((reply) => reply.ok || refused(reply.error)),
    },
  }
  toasts.show(m.files_moved({ count: files.length, name: toName }), undo || {})
  return true
}
