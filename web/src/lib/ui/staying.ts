import { isNowhere } from './landing.ts'

const stops = 'a[href], button:not(:disabled), input:not(:disabled, [type=hidden]), select:not(:disabled), textarea:not(:disabled), summary'

/**
 * Who works with keys goes on near to where they were when what had the focus is gone: a button that has done its work, a row that
 * was taken away. A finger would call for the keyboard of the device, and is left alone.
 */
export function staying(root: HTMLElement): () => void {
  let path: HTMLElement[] = []
  function focused({ target }: Event) {
    path = []
    for (let one = target as HTMLElement | null; one && one !== root.parentElement; one = one.parentElement) path.push(one)
  }
  const changes = new MutationObserver(() => {
    if (path.length === 0 || path[0]!.isConnected || !isNowhere(document.activeElement)) return
    for (const place of path.filter((one) => one.isConnected)) {
      const stop = [...place.querySelectorAll<HTMLElement>(stops)].find((one) => one.tabIndex >= 0 && one.checkVisibility())
      if (stop) return stop.focus({ preventScroll: true })
    }
  })
  if (matchMedia('(pointer: fine)').matches) {
    root.addEventListener('focusin', focused)
    changes.observe(root, { childList: true, subtree: true })
  }
  return () => {
    changes.disconnect()
    root.removeEventListener('focusin', focused)
  }
}
