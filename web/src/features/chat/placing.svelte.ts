import { tick, untrack } from 'svelte'
import type { Line } from './days.ts'
import { reading } from './reading.svelte.ts'
import type { RoomState } from './room.svelte.ts'
import { Unfolding } from './unfolding.svelte.ts'

/** Nearer to an end of what is there: more is fetched. */
const nearPx = 800
const endPx = 24
const linePx = 40
const foundMs = 2_500

/** Where the reader stands in a room: how the place is found, how it is kept while lines come and go, and what was read there. */
export class Placing {
  scroller: HTMLElement | null = $state.raw(null)
  stream: HTMLElement | null = $state.raw(null)
  isAtEnd = $state(true)
  /** The beginning of the newest message is in sight. */
  isNewestInView = $state(true)
  /** The number somebody was led to. */
  found = $state<number>()
  /** The first place was found: from now on scrolling is reading. */
  #hasBegun = $state(false)
  #room: RoomState
  #lines: () => readonly Line[]
  #seq: () => number | undefined
  readonly unfolding: Unfolding

  /** `lines`: all there are. `seq`: the number to show, from the address. */
  constructor(room: RoomState, lines: () => readonly Line[], seq: () => number | undefined) {
    this.#room = room
    this.#lines = lines
    this.#seq = seq
    this.unfolding = new Unfolding(lines, () => this.#eye())
    this.#hold()
    this.#follow()
  }

  #eye(): number {
    const lines = this.#lines()
    const seq = this.#seq()
    const { place } = this.#room
    const atSeq = (wanted: number) => lines.findIndex((line) => line.message?.seq === wanted)
    const at = seq === undefined ? lines.findIndex((line) => line.isNew) : atSeq(seq)
    if (at !== -1) return at
    const left = seq === undefined && place ? atSeq(place.seq) : -1
    return left === -1 ? lines.length : left
  }

  /** What is on screen stays where it is, whatever is added above or below; only who looks at the newest is taken along. */
  #hold() {
    let anchor: { element: Element; top: number } | undefined
    $effect.pre(() => {
      void this.unfolding.built
      anchor = undefined
      if (!this.scroller || !this.stream || this.isAtEnd) return
      const { top } = this.scroller.getBoundingClientRect()
      const element = [...this.stream.querySelectorAll('[data-line]')].find((line) => line.getBoundingClientRect().bottom > top)
      if (element) anchor = { element, top: element.getBoundingClientRect().top }
    })
    $effect(() => {
      void this.unfolding.built
      if (!this.#hasBegun || !this.scroller) return
      if (this.isAtEnd && !this.#room.view?.hasLater) this.#toEnd()
      else if (anchor?.element.isConnected) this.scroller.scrollTop += anchor.element.getBoundingClientRect().top - anchor.top
      untrack(() => this.#measure())
    })
  }

  #follow() {
    $effect(() => {
      const wanted = this.#seq()
      // Going there reads what the room holds; what comes into it later is no second wish to go.
      if (wanted !== undefined) untrack(() => void this.#find(wanted))
    })
    // What I say myself is at the end: there I am taken, from wherever I was reading.
    let pendingBefore = 0
    $effect(() => {
      const { length } = this.#room.pending
      if (length > pendingBefore && this.#hasBegun) untrack(() => void this.toNewest())
      pendingBefore = length
    })
    $effect(() => {
      void this.#room.messages
      this.look()
    })
  }

  /** Once the list is there. Returns how to stop. */
  begin(): () => void {
    void this.#begin()
    const grow = new ResizeObserver(() => {
      if (this.isAtEnd && !this.#room.view?.hasLater) this.#toEnd()
      if (this.#hasBegun) this.#measure()
      this.look()
    })
    grow.observe(this.stream!)
    grow.observe(this.scroller!)
    return () => {
      grow.disconnect()
      this.#room.tellRead()
    }
  }

  async #begin() {
    await Promise.all([this.#room.ready, reading.load()])
    await tick()
    const { scroller, stream } = this
    if (this.#seq() !== undefined || !stream || !scroller) return
    this.#hasBegun = true
    const { place } = this.#room
    const line = stream.querySelector<HTMLElement>('.new')
    const element = place && this.#elementOf(place.seq)
    if (line) scroller.scrollTop = line.offsetTop - scroller.clientHeight / 3
    else if (!place) this.#toEnd()
    else if (element) scroller.scrollTop = element.offsetTop - place.offset
    await this.#settle()
  }

  async #find(number: number) {
    await Promise.all([this.#room.show(number), reading.load()])
    await tick()
    if (!this.stream) return
    const element = this.#elementOf(number)
    this.#hasBegun = true
    if (!element) return this.toNewest()
    this.isAtEnd = false
    element.scrollIntoView({ block: 'center' })
    this.found = number
    setTimeout(() => (this.found = undefined), foundMs)
    await this.#settle()
  }

  /** What fits as a whole does not scroll, and nobody would say where the view stands. */
  async #settle() {
    this.onscroll()
    await this.unfolding.unfold()
    this.onscroll()
  }

  toNewest = async (): Promise<void> => {
    this.unfolding.whole()
    await this.#room.show()
    await tick()
    if (!this.stream) return
    this.#toEnd()
    this.#measure()
    this.look()
  }

  #toEnd() {
    if (this.scroller) this.scroller.scrollTop = this.scroller.scrollHeight
  }

  #elementOf = (number: number) => this.stream?.querySelector<HTMLElement>(`[data-seq="${number}"]`)

  onscroll = (): void => {
    const { scroller, stream } = this
    if (!this.#hasBegun || !scroller || !stream) return
    const { scrollTop, scrollHeight, clientHeight } = scroller
    this.#measure()
    if (this.unfolding.isToTop && scrollTop < nearPx) void this.#room.page('earlier')
    if (this.unfolding.isToEnd && scrollHeight - scrollTop - clientHeight < nearPx) void this.#room.page('later')
    const first = [...stream.querySelectorAll<HTMLElement>('[data-seq]')].find((line) => line.offsetTop + line.offsetHeight > scrollTop)
    this.#room.place = this.isAtEnd || !first ? undefined : { seq: Number(first.dataset['seq']), offset: first.offsetTop - scrollTop }
    this.look()
  }

  /** Where the view stands; asked whenever something moved, came or grew. */
  #measure() {
    const { scroller, stream } = this
    if (!scroller || !stream) return
    const isWhole = this.#room.view?.hasLater === false && this.unfolding.isToEnd
    this.isAtEnd = isWhole && scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight <= endPx
    const newest = stream.querySelector('[data-line]:last-of-type')?.getBoundingClientRect()
    const bottom = scroller.getBoundingClientRect().bottom
    this.isNewestInView = isWhole && (this.isAtEnd || !newest || newest.top + Math.min(newest.height, linePx) <= bottom)
  }

  /** The newest is in sight, in a window somebody looks at: it was read. */
  look = (): void => {
    if (document.visibilityState === 'hidden') this.#room.tellRead()
    else if (this.#hasBegun && this.isNewestInView && document.hasFocus()) this.#room.read()
  }
}
