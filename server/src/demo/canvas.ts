import { crc32, deflateSync } from 'node:zlib'

export type Colour = readonly [number, number, number]
/** Distance to a shape's edge: negative inside. Smooth edges come from it for nothing. */
export type Shape = (x: number, y: number) => number

/** Eight bits per channel, as a browser writes it: `#1d7a8c`. */
export const hex = (text: string): Colour => [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16)) as unknown as Colour
export const mix = (a: Colour, b: Colour, share: number): Colour =>
  a.map((channel, i) => channel + (b[i]! - channel) * share) as unknown as Colour

export const circle =
  (cx: number, cy: number, r: number): Shape =>
  (x, y) =>
    Math.hypot(x - cx, y - cy) - r
export const ellipse = (cx: number, cy: number, rx: number, ry: number): Shape => {
  const least = Math.min(rx, ry)
  return (x, y) => (Math.hypot((x - cx) / rx, (y - cy) / ry) - 1) * least
}
export const box = (left: number, top: number, right: number, bottom: number, r = 0): Shape => {
  const [cx, cy, hw, hh] = [(left + right) / 2, (top + bottom) / 2, (right - left) / 2 - r, (bottom - top) / 2 - r]
  return (x, y) => {
    const [dx, dy] = [Math.abs(x - cx) - hw, Math.abs(y - cy) - hh]
    return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - r
  }
}
/** A line with round ends. */
export const stroke = (x1: number, y1: number, x2: number, y2: number, width: number): Shape => {
  const [ex, ey] = [x2 - x1, y2 - y1]
  const length = ex * ex + ey * ey || 1
  return (x, y) => {
    const along = Math.max(0, Math.min(1, ((x - x1) * ex + (y - y1) * ey) / length))
    return Math.hypot(x - x1 - ex * along, y - y1 - ey * along) - width / 2
  }
}
export const polygon =
  (...points: (readonly [number, number])[]): Shape =>
  (x, y) => {
    let [nearest, isInside] = [Infinity, false]
    for (const [i, [ax, ay]] of points.entries()) {
      const [bx, by] = points[(i + 1) % points.length]!
      nearest = Math.min(nearest, stroke(ax, ay, bx, by, 0)(x, y))
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) isInside = !isInside
    }
    return isInside ? -nearest : nearest
  }
export const both =
  (a: Shape, b: Shape): Shape =>
  (x, y) =>
    Math.max(a(x, y), b(x, y))
export const either =
  (...shapes: Shape[]): Shape =>
  (x, y) =>
    Math.min(...shapes.map((shape) => shape(x, y)))
export const without =
  (a: Shape, b: Shape): Shape =>
  (x, y) =>
    Math.max(a(x, y), -b(x, y))

const square = 16
const reach = square * Math.SQRT1_2 + 1

/** A small painter: flat shapes on a ground, and a PNG of it. The same strokes give the same bytes, always. */
export class Canvas {
  readonly #pixels: Float32Array
  readonly width: number
  readonly height: number

  constructor(width: number, height: number, ground: (x: number, y: number) => Colour) {
    this.width = width
    this.height = height
    this.#pixels = new Float32Array(width * height * 3)
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) this.#pixels.set(ground(x, y), (y * width + x) * 3)
  }

  fill(shape: Shape, colour: Colour, opacity = 1): this {
    // A distance says how far away nothing happens: most squares are decided by their middle.
    for (let top = 0; top < this.height; top += square)
      for (let left = 0; left < this.width; left += square) {
        const middle = shape(left + square / 2, top + square / 2)
        if (middle > reach) continue
        this.#fillSquare(left, top, middle < -reach ? () => -1 : shape, colour, opacity)
      }
    return this
  }

  #fillSquare(left: number, top: number, shape: Shape, colour: Colour, opacity: number): void {
    for (let y = top; y < Math.min(top + square, this.height); y++)
      for (let x = left; x < Math.min(left + square, this.width); x++) {
        const covered = Math.max(0, Math.min(1, 0.5 - shape(x + 0.5, y + 0.5))) * opacity
        if (covered === 0) continue
        const at = (y * this.width + x) * 3
        for (let i = 0; i < 3; i++) this.#pixels[at + i]! += (colour[i]! - this.#pixels[at + i]!) * covered
      }
  }

  png(): Buffer {
    const rows = Buffer.alloc(this.height * (1 + this.width * 3))
    for (let y = 0; y < this.height; y++)
      for (let i = 0; i < this.width * 3; i++) rows[y * (1 + this.width * 3) + 1 + i] = Math.round(this.#pixels[y * this.width * 3 + i]!)
    const header = Buffer.alloc(13)
    header.writeUInt32BE(this.width, 0)
    header.writeUInt32BE(this.height, 4)
    header.set([8, 2, 0, 0, 0], 8)
    return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0))])
  }
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
function chunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}
