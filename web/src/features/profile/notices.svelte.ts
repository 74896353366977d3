import { chime } from './sound.ts'

const key = 'atrium.notices'
const quietMs = 2_000

export interface Notice {
  /** One per place: the newer takes the older one's. */
  place: string
  title: string
  text: string
  open: () => void
}

/** A quiet sound and a notice on the desktop, for what is said to me while I look elsewhere. Chosen per device; both can be off. */
export class Notices {
  #chosen = $state({ hasSounds: true, hasNotices: false, ...(JSON.parse(localStorage.getItem(key) ?? '{}') as object) })
  permission = $state<NotificationPermission | 'missing'>('Notification' in globalThis ? Notification.permission : 'missing')
  #soundedAt = 0
  /** Of what is said in rooms, what is announced at all: chosen for the account. */
  about = $state<'all' | 'mentions' | 'none'>('all')

  get hasSounds(): boolean {
    return this.#chosen.hasSounds
  }

  get hasNotices(): boolean {
    return this.#chosen.hasNotices && this.permission === 'granted'
  }

  chooseSounds(hasSounds: boolean): void {
    this.#keep({ ...this.#chosen, hasSounds })
    if (hasSounds) chime()
  }

  /** Asks the browser at the moment somebody wants them, never before. */
  async chooseNotices(hasNotices: boolean): Promise<void> {
    if (hasNotices && this.permission === 'default') this.permission = await Notification.requestPermission()
    this.#keep({ ...this.#chosen, hasNotices: hasNotices && this.permission === 'granted' })
  }

  /** Whoever looks at this page needs neither. */
  announce({ place, title, text, open }: Notice): void {
    if (document.visibilityState === 'visible' && document.hasFocus()) return
    if (this.hasSounds) void this.#once(() => this.#sound())
    if (!this.hasNotices) return
    const notice = new Notification(title, { body: text, tag: `atrium ${place}`, silent: true, icon: '/icon-192.png' })
    notice.onclick = () => {
      focus()
      notice.close()
      open()
    }
  }

  #keep(chosen: { hasSounds: boolean; hasNotices: boolean }) {
    this.#chosen = chosen
    localStorage.setItem(key, JSON.stringify(chosen))
  }

  /** Of several windows one sounds. */
  async #once(sound: () => void) {
    if (!navigator.locks) return sound()
    await navigator.locks.request('atrium sound', { ifAvailable: true }, async (lock) => {
      if (!lock) return
      sound()
      await new Promise((resolve) => setTimeout(resolve, quietMs))
    })
  }

  #sound() {
    if (Date.now() - this.#soundedAt < quietMs) return
    this.#soundedAt = Date.now()
    chime()
  }
}
