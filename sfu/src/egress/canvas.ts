import { av, made, must, type Frame, type Scaler } from './av.ts'
import { height, width, type Rect } from './layout.ts'

/** In Y, Cb, Cr; what is not said stays as it is. */
export type Colour = readonly [number | undefined, number | undefined, number | undefined]
export const night: Colour = [24, 130, 126]
export const grey: Colour = [52, 132, 124]
const accent: Colour = [150, 80, 60]
const colourless: Colour = [undefined, 128, 128]
const white = 235
const edge = 4

/** Letters, as how much ink there is at each place. */
export interface Ink {
  width: number
  height: number
  /** Up to which column there is any. */
  used: number
  at: Buffer
}

/** The composed picture. It lives on between pictures, so only what changed is painted again. */
export class Canvas {
  readonly frame: Frame
  readonly #planes: Buffer[]
  readonly #strides: number[]

  constructor() {
    this.frame = made(av.Frame)
    Object.assign(this.frame, { width, height, format: av.AV_PIX_FMT_YUV420P })
    must(this.frame.getBuffer(), 'canvas')
    // These buffers are the frame's memory. Each call makes new views of it, so it is asked once.
    this.#planes = this.frame.data!.slice(0, 3)
    this.#strides = this.frame.linesize.slice(0, 3)
    this.clear()
  }

  clear(): void {
    this.fill({ x: 0, y: 0, w: width, h: height }, night)
  }

  fill({ x, y, w, h }: Rect, colour: Colour): void {
    for (const [i, plane] of this.#planes.entries()) {
      const [half, stride, value] = [i ? 1 : 0, this.#strides[i]!, colour[i]]
      if (value === undefined) continue
      for (let row = y >> half; row < (y + h) >> half; row++)
        plane.fill(value, row * stride + (x >> half), row * stride + ((x + w) >> half))
    }
  }

  outline({ x, y, w, h }: Rect): void {
    const rows = [y, y + h - edge].map((at) => ({ x, y: at, w, h: edge }))
    const columns = [x, x + w - edge].map((at) => ({ x: at, y, w: edge, h }))
    for (const side of [...rows, ...columns]) this.fill(side, accent)
  }

  /** Straight into its place: a picture is never copied. */
  async scale(scaler: Scaler, from: Frame, { x, y }: Rect): Promise<void> {
    const planes = this.#planes.map((plane, i) => plane.subarray((y >> (i ? 1 : 0)) * this.#strides[i]! + (x >> (i ? 1 : 0))))
    await scaler.scale(from.data!, from.linesize, 0, from.height, planes, this.#strides)
  }

  /** White letters; `isDarkened`: on a strip that makes them legible on any picture. */
  write(ink: Ink, { x, y, w }: Rect, isDarkened: boolean): void {
    const wide = Math.min(ink.used, w) & ~1
    if (isDarkened) this.fill({ x, y, w: wide, h: ink.height }, colourless)
    const [luma, stride] = [this.#planes[0]!, this.#strides[0]!]
    for (let row = 0; row < ink.height; row++)
      for (let i = 0; i < wide; i++) {
        const at = (y + row) * stride + x + i
        const share = ink.at[row * ink.width + i]!
        const ground = isDarkened ? luma[at]! >> 1 : luma[at]!
        luma[at] = (ground * (255 - share) + white * share) >> 8
      }
  }

  close(): void {
    this.frame.free()
  }
}
