const stops = 'a[href], button:not(:disabled), textarea, input, summary, [tabindex]'
const canStop = (element: HTMLElement) => element.tabIndex >= 0 && element.checkVisibility()

/**
 * Tab goes through one message, and then out of the list: a hundred of them with their reactions are not a hundred stops.
 * Arrow keys go from one message to the next. True: the focus has moved.
 */
export function leaveList(list: HTMLElement, row: HTMLElement, from: Element, isBack: boolean): boolean {
  const inside = [row, ...row.querySelectorAll<HTMLElement>(stops)].filter(canStop)
  if (from !== (isBack ? inside[0] : inside.at(-1))) return false
  const side = isBack ? Node.DOCUMENT_POSITION_FOLLOWING : Node.DOCUMENT_POSITION_PRECEDING
  const outside = [...document.querySelectorAll<HTMLElement>(stops)].filter(
    (element) => !list.contains(element) && !element.contains(list) && canStop(element) && element.compareDocumentPosition(list) & side,
  )
  const next = isBack ? outside.at(-1) : outside[0]
  next?.focus()
  return next !== undefined
}
