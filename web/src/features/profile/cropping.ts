/** A square part of a picture, in the picture's own pixels. */
export interface Square {
  x: number
  y: number
  side: number
}

export const closest = 4

/** The square in the middle of what somebody sees, moved by `dx`, `dy` of the picture's pixels; it never leaves the picture. */
export function cropOf(width: number, height: number, zoom: number, dx: number, dy: number): Square {
  const side = Math.min(width, height) / Math.min(closest, Math.max(1, zoom))
  const within = (wanted: number, most: number) => Math.min(most, Math.max(0, wanted))
  return { side, x: within((width - side) / 2 + dx, width - side), y: within((height - side) / 2 + dy, height - side) }
}
