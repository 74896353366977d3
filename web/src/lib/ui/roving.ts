/** A toolbar is one stop of Tab; arrow keys go from one of its buttons to the next. */
export function roving(toolbar: HTMLElement): () => void {
  const buttons = () => [...toolbar.querySelectorAll<HTMLElement>('button:not([role^=menuitem])')]
  let current: Element | null = null
  function settle() {
    const all = buttons()
    const stop = all.find((button) => button === current) ?? all[0]
    for (const button of all) button.tabIndex = button === stop ? 0 : -1
  }
  function focused({ target }: Event) {
    if (!buttons().includes(target as HTMLElement)) return
    current = target as HTMLElement
    settle()
  }
  function pressed(event: KeyboardEvent) {
    const all = buttons()
    const at = all.indexOf(event.target as HTMLElement)
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return
    const right = getComputedStyle(toolbar).direction === 'rtl' ? -1 : 1
    const to = { ArrowLeft: at - right, ArrowRight: at + right, Home: 0, End: all.length - 1 }[event.key]
    if (to === undefined) return
    all[(to + all.length) % all.length]!.focus()
    event.preventDefault()
    event.stopPropagation()
  }
  settle()
  const changes = new MutationObserver(settle)
  changes.observe(toolbar, { childList: true, subtree: true })
  toolbar.addEventListener('focusin', focused)
  toolbar.addEventListener('keydown', pressed)
  return () => {
    changes.disconnect()
    toolbar.removeEventListener('focusin', focused)
    toolbar.removeEventListener('keydown', pressed)
  }
}
