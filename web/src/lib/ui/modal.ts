import { isNowhere, land } from './landing.ts'

/** Shows a dialog that keeps the focus inside for as long as it exists, and gives it back to where it was. */
export function modal(dialog: HTMLDialogElement): () => void {
  const before = document.activeElement
  dialog.showModal()
  return () => {
    dialog.close()
    // It has left the page by now, so the browser's own way back is gone. Whoever has the focus already keeps it.
    if (document.activeElement === document.body && before instanceof HTMLElement && before.isConnected && !isNowhere(before))
      before.focus({ preventScroll: true })
    land()
  }
}
