/** Shows a popover beside what opened it: below, above where there is no room, inside the window in any case. */
export const floatBy =
  (anchor: HTMLElement, side: 'above' | 'below' = 'below') =>
  (float: HTMLElement) => {
    float.showPopover()
    const from = anchor.getBoundingClientRect()
    const { offsetWidth: width, offsetHeight: height } = float
    const isRightToLeft = getComputedStyle(anchor).direction === 'rtl'
    const left = isRightToLeft ? from.left : from.right - width
    const above = from.top - height - 4
    const below = from.bottom + 4
    const fitsBelow = below + height <= innerHeight - 8
    const top = side === 'above' ? (above >= 8 ? above : below) : fitsBelow ? below : above
    float.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`
    float.style.top = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`
  }
