/**
 * Puts the focus where work goes on, when what had it is gone: what says so itself (the field of a room), else the heading
 * of the page. Where somebody is already, or a dialog is open, it stays. A finger calls for the keyboard itself.
 */
export function land(): void {
  if (!isNowhere(document.activeElement) || isAsked()) return
  const field = matchMedia('(pointer: fine)').matches ? document.querySelector<HTMLElement>('main [data-landing]') : null
  if (field) return field.focus({ preventScroll: true })
  const heading = document.querySelector<HTMLElement>('main h1') ?? document.querySelector<HTMLElement>('main')
  if (!heading) return
  heading.tabIndex = -1
  heading.focus({ preventScroll: true })
}

/** For who chose by keyboard where to go: what had the focus before has done its work, even if it is still there. */
export function landAnew(): void {
  const { activeElement } = document
  if (isAsked()) return
  if (activeElement instanceof HTMLElement && !activeElement.matches('[data-landing]')) activeElement.blur()
  land()
}

/** On the page as a whole, which no key does anything with. */
export const isNowhere = (element: Element | null): boolean => !element || element === document.body || element.id === 'content'
const isAsked = () => document.querySelector('dialog[open]') !== null
