/** Short news at the edge of the window: what was done, and how to undo it. */
export interface Toast {
  id: number
  text: string
  kind: 'neutral' | 'bad'
  action?: { label: string; run: () => void }
  /** Stays until somebody answers. */
  isLasting: boolean
}

const shownMs = 6_000
let last = 0
let waiting = $state<Toast[]>([])
const timers = new Map<number, ReturnType<typeof setTimeout>>()

export const toasts = {
  get shown(): readonly Toast[] {
    return waiting
  },
  show(text: string, more: Partial<Pick<Toast, 'kind' | 'action' | 'isLasting'>> = {}): number {
    const toast: Toast = { id: ++last, text, kind: 'neutral', isLasting: false, ...more }
    waiting = [...waiting.filter((other) => other.text !== text), toast].slice(-3)
    this.resume()
    return toast.id
  },
  dismiss(id: number): void {
    clearTimeout(timers.get(id))
    timers.delete(id)
    waiting = waiting.filter((toast) => toast.id !== id)
  },
  /** While a pointer or the focus is on them, nothing disappears. */
  pause(): void {
    for (const timer of timers.values()) clearTimeout(timer)
    timers.clear()
  },
  resume(): void {
    for (const toast of waiting) {
      if (toast.isLasting || timers.has(toast.id)) continue
      timers.set(
        toast.id,
        setTimeout(() => this.dismiss(toast.id), shownMs),
      )
    }
  },
}
