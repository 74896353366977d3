import type { File, FileId } from '@atrium/protocol'
import { droppedOf, type Dropped } from './dropped.ts'

type Place = Pick<File, 'id' | 'name'>

interface DragDeps {
  send: (dropped: readonly Dropped[], folderId: FileId) => void
  move: (files: readonly File[], to: Place) => void
}

/** What is dragged over a page of files: files from outside, to be uploaded, or files of the page, on their way to another folder. */
export class Drag {
  /** Of the page. */
  files = $state.raw<readonly File[]>([])
  /** Where it would fall. */
  over = $state.raw<Place>()
  readonly #deps: DragDeps

  constructor(deps: DragDeps) {
    this.#deps = deps
  }

  begin(event: DragEvent, files: readonly File[]): void {
    this.files = files
    event.dataTransfer!.effectAllowed = 'move'
    event.dataTransfer!.setData('text/plain', files.map(({ name }) => name).join('\n'))
  }

  end(): void {
    this.files = []
    this.over = undefined
  }

  /** Over a folder, from the pane up to each row: the innermost that takes it has it. */
  hover(event: DragEvent, folder: Place): void {
    if (event.defaultPrevented) return
    if (!this.#fits(event, folder)) return void (this.over = undefined)
    event.preventDefault()
    event.dataTransfer!.dropEffect = this.files.length > 0 ? 'move' : 'copy'
    this.over = folder
  }

  async drop(event: DragEvent, folder: Place): Promise<void> {
    if (event.defaultPrevented || !this.#fits(event, folder)) return
    event.preventDefault()
    const files = this.files
    this.end()
    if (files.length > 0) this.#deps.move(files, folder)
    else this.#deps.send(await droppedOf(event.dataTransfer!), folder.id)
  }

  #fits({ dataTransfer }: DragEvent, { id }: Place): boolean {
    if (this.files.length > 0) return this.files.every((file) => file.id !== id && file.parentId !== id)
    return dataTransfer?.types.includes('Files') === true
  }
}
