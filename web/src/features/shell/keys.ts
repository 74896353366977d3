/** "Ctrl" or "⌘": what this machine's people press. */
export const commandKey = /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘' : 'Ctrl'

const isWriting = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'))

export interface Keys {
  goTo(): void
  showKeys(): void
  /** The nth place of the rail, from 1. */
  place(index: number): void
}

/** The keys that work everywhere. What somebody types into a field is never taken from them. */
export function listenForKeys({ goTo, showKeys, place }: Keys): () => void {
  function pressed(event: KeyboardEvent) {
    if (event.isComposing || event.defaultPrevented) return
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k') {
      event.preventDefault()
      goTo()
    } else if (event.altKey && !event.ctrlKey && !event.metaKey && /^[1-5]$/.test(event.key)) {
      event.preventDefault()
      place(Number(event.key))
    } else if (event.key === '?' && !event.ctrlKey && !event.metaKey && !isWriting(event.target)) {
      event.preventDefault()
      showKeys()
    }
  }
  addEventListener('keydown', pressed)
  return () => removeEventListener('keydown', pressed)
}
