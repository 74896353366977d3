import type { Line } from './days.ts'

/** No line is lower than that, and none that says who speaks. */
const lowestPx = 24
const lowestFirstPx = 54
const stepLines = 40

/** From where to where lines are built: what fits the window on either side of where the eye begins, and `more` of them. */
export function stretchOf(lines: readonly Pick<Line, 'isFirst'>[], eye: number, windowPx: number, more: number): [number, number] {
  let [from, to] = [eye, eye]
  for (let px = 0; from > 0 && px < windowPx; from--) px += heightOf(lines[from - 1]!)
  for (let px = 0; to < lines.length && px < windowPx; to++) px += heightOf(lines[to]!)
  return [Math.max(0, from - more), Math.min(lines.length, to + more)]
}
const heightOf = ({ isFirst }: Pick<Line, 'isFirst'>) => (isFirst ? lowestFirstPx : lowestPx)

/** Of a long list what fits the window is built first; the rest once that is painted. */
export class Unfolding {
  #more = $state(0)
  #lines: () => readonly Line[]
  #eye: () => number

  constructor(lines: () => readonly Line[], eye: () => number) {
    this.#lines = lines
    this.#eye = eye
  }

  #stretch = $derived.by(() => stretchOf(this.#lines(), this.#eye(), innerHeight, this.#more))
  built: readonly Line[] = $derived.by(() => this.#lines().slice(...this.#stretch))
  isToTop: boolean = $derived(this.#stretch[0] === 0)
  isToEnd: boolean = $derived.by(() => this.#stretch[1] === this.#lines().length)

  /** In steps, so that whoever types meanwhile does not notice. */
  async unfold(): Promise<void> {
    while (!this.isToTop || !this.isToEnd) {
      await painted()
      this.#more += stepLines
    }
    this.whole()
  }

  /** From now on all there is. */
  whole(): void {
    this.#more = Infinity
  }
}

/** A page in the background paints nothing, and has not to be waited for. */
const painted = () =>
  new Promise<void>((resolve) => {
    if (document.hidden) setTimeout(resolve)
    else requestAnimationFrame(() => setTimeout(resolve))
  })
