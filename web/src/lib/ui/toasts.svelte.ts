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
let timers: Record<number, ReturnType<typeof setTimeout>> = {}

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
    clearTimeout(timers[id])
    delete timers[id]
    waiting = waiting.filter((toast) => toast.id !== id)
  },
  /** While a pointer or the focus is on them, nothing disappears. */
  pause(): void {
    for (const timer of Object.values(timers)) clearTimeout(timer)
    timers = {}
  },
  resume(): void {
    for (const toast of waiting) {
      if (toast.isLasting || timers[toast.id] !== undefined) continue
      timers[toast.id] = setTimeout(() => this.dismiss(toast.id), shownMs)
    }
  },
}
