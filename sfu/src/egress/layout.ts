export const [width, height] = [1_280, 720]
export interface Rect {
  x: number
  y: number
  w: number
  h: number
}
export const nowhere: Rect = { x: 0, y: 0, w: 0, h: 0 }
export const even = (n: number) => Math.floor(n / 2) * 2

const mostInGrid = 12
const mostBeside = 4

export interface Seated {
  id: string
  hasPicture: boolean
  /** When they last had the word; 0: never. */
  spokeAt: number
}

/**
 * Where everybody is drawn: in a grid of 16:9 seats, or, while a screen is shared, in a row at its right. Where not all find
 * room, those who speak and those with a picture do; who is drawn stands in the order in which all came.
 */
export function layout(seats: readonly Seated[], stage: string | null): Map<string, Rect> {
  const others = seats.filter(({ id }) => id !== stage)
  if (stage !== null && seats.some(({ id }) => id === stage)) {
    const beside = chosen(others, mostBeside).map((id, i): [string, Rect] => [id, inset({ x: 960, y: i * 180, w: 320, h: 180 })])
    return new Map([[stage, inset({ x: 0, y: 90, w: 960, h: 540 })], ...beside])
  }
  const ids = chosen(others, mostInGrid)
  const columns = Math.ceil(Math.sqrt(Math.max(ids.length, 1)))
  const rows = Math.ceil(ids.length / columns)
  const w = even(width / columns)
  const h = even((w * 9) / 16)
  return new Map(
    ids.map((id, i) => {
      const row = Math.floor(i / columns)
      const inRow = row === rows - 1 ? ids.length - row * columns : columns
      const x = even((width - inRow * w) / 2) + (i % columns) * w
      return [id, inset({ x, y: even((height - rows * h) / 2) + row * h, w, h })]
    }),
  )
}

const gap = 4
const inset = ({ x, y, w, h }: Rect): Rect => ({ x: x + gap, y: y + gap, w: w - 2 * gap, h: h - 2 * gap })

function chosen(seats: readonly Seated[], most: number): string[] {
  if (seats.length <= most) return seats.map(({ id }) => id)
  const ranked = seats.toSorted((a, b) => b.spokeAt - a.spokeAt || Number(b.hasPicture) - Number(a.hasPicture))
  const best = new Set(ranked.slice(0, most))
  return seats.filter((seat) => best.has(seat)).map(({ id }) => id)
}

/** The largest rectangle of a picture's form within another, in the middle of it. */
export function fitted(rect: Rect, pictureWidth: number, pictureHeight: number): Rect {
  const scale = Math.min(rect.w / pictureWidth, rect.h / pictureHeight)
  const [w, h] = [Math.max(2, even(pictureWidth * scale)), Math.max(2, even(pictureHeight * scale))]
  return { x: rect.x + even((rect.w - w) / 2), y: rect.y + even((rect.h - h) / 2), w, h }
}
