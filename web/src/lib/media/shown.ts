import type { MediaSession } from './session.svelte.ts'

/** Tells the session how large an element shows somebody, and when it is out of sight. An attachment: `{@attach shown(…)}`. */
export const shown = (session: MediaSession, producerId: string | undefined) => (element: HTMLElement) => {
  if (producerId === undefined) return
  const me = {}
  let isVisible = false
  const scale = Math.min(devicePixelRatio, 2)
  const tell = () => {
    const { clientWidth, clientHeight } = element
    const size = { width: Math.round(clientWidth * scale), height: Math.round(clientHeight * scale) }
    session.want(producerId, isVisible && clientWidth > 0 ? size : undefined, me)
  }
  const sight = new IntersectionObserver(([entry]) => {
    isVisible = entry?.isIntersecting ?? false
    tell()
  })
  const size = new ResizeObserver(tell)
  sight.observe(element)
  size.observe(element)
  return () => {
    sight.disconnect()
    size.disconnect()
    session.want(producerId, undefined, me)
  }
}
