/** A file that was dropped or chosen, and the folders it lay in. */
export interface Dropped {
  folders: readonly string[]
  file: File
}

/** What was dropped, folders with all that is in them. To be called while the event is under way: afterwards it is empty. */
export async function droppedOf(transfer: DataTransfer): Promise<Dropped[]> {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file')
  const taken = items.map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }))
  const all = await Promise.all(
    taken.map(async ({ entry, file }) =>
      entry?.isDirectory ? filesBelow(entry as FileSystemDirectoryEntry, []) : file ? [{ folders: [], file }] : [],
    ),
  )
  return all.flat()
}

async function filesBelow(folder: FileSystemDirectoryEntry, above: readonly string[]): Promise<Dropped[]> {
  const folders = [...above, folder.name]
  const found: Dropped[] = []
  for (const entry of await entriesOf(folder))
    if (entry.isDirectory) found.push(...(await filesBelow(entry as FileSystemDirectoryEntry, folders)))
    else found.push({ folders, file: await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)) })
  return found
}

/** A reader tells them by the hundred. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) return all
    all.push(...some)
  }
}

/** Of a field that chooses files, or a whole folder. */
export const chosenOf = (field: HTMLInputElement): Dropped[] =>
  [...(field.files ?? [])].map((file) => ({ folders: file.webkitRelativePath.split('/').slice(0, -1), file }))
