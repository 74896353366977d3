const pressMs = 450
const stillPx = 4

/** A finger that stays where it is. */
export function longPress() {
  let pressing: ReturnType<typeof setTimeout> | undefined
  const release = () => clearTimeout(pressing)
  return {
    begin(event: PointerEvent, pressed: () => void): void {
      if (event.pointerType !== 'touch') return
      pressing = setTimeout(() => {
        navigator.vibrate?.(10)
        ignoreRelease()
        pressed()
      }, pressMs)
    },
    move(event: PointerEvent): void {
      if (event.pointerType === 'touch' && Math.hypot(event.movementX, event.movementY) > stillPx) release()
    },
    release,
  }
}

/** The finger is still down where something new will be: lifting it chooses nothing there. */
function ignoreRelease() {
  const off = new AbortController()
  const ignore = (event: Event) => {
    event.preventDefault()
    event.stopPropagation()
  }
  addEventListener('click', ignore, { capture: true, signal: off.signal })
  for (const name of ['touchend', 'touchcancel']) addEventListener(name, () => setTimeout(() => off.abort(), 50), { signal: off.signal })
}
