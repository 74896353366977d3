import { kept, keep, type Choices } from './choices.ts'

export type Kind = 'microphone' | 'camera'
/** Why there is no sound or picture of one's own: said no, has none, another program has it, or the page may not ask at all. */
export type Refusal = 'denied' | 'missing' | 'busy' | 'insecure'
export type DeviceKind = Kind | 'speaker'

const infoKinds = { microphone: 'audioinput', camera: 'videoinput', speaker: 'audiooutput' } as const
const picture = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } }
const sound = { echoCancellation: true, noiseSuppression: true, autoGainControl: true }

export interface OwnEars {
  /** A device that was in use is gone. `isReplaced`: another one took its place. */
  lost?: (kind: Kind, isReplaced: boolean) => void
}

/** My own sound and picture: asked for, chosen, switched on and off, and remembered for the next time on this device. */
export class Own {
  microphone = $state.raw<MediaStreamTrack>()
  camera = $state.raw<MediaStreamTrack>()
  screen = $state.raw<MediaStreamTrack>()
  screenSound = $state.raw<MediaStreamTrack>()
  /** What I want; whether there is a track is another question. */
  wantsMicrophone = $state(true)
  wantsCamera = $state(true)
  problems = $state<Partial<Record<Kind, Refusal>>>({})
  isAsking = $state(false)
  devices = $state.raw<readonly MediaDeviceInfo[]>([])
  chosen = $state.raw<Choices>(kept())
  ears: OwnEars = {}
  #off = new AbortController()

  constructor() {
    this.wantsMicrophone = this.chosen.wantsMicrophone ?? true
    this.wantsCamera = this.chosen.wantsCamera ?? true
  }

  get isMuted(): boolean {
    return !this.wantsMicrophone || !this.microphone
  }

  of(kind: DeviceKind): readonly MediaDeviceInfo[] {
    return this.devices.filter((device) => device.kind === infoKinds[kind] && device.deviceId !== '')
  }

  /** The device in use, or the one that would be. */
  current(kind: DeviceKind): string | undefined {
    const inUse = kind === 'speaker' ? undefined : this[kind]?.getSettings().deviceId
    return inUse ?? this.chosen[kind] ?? this.of(kind)[0]?.deviceId
  }

  /** Asks for both at once, so that people are asked once. */
  async begin(): Promise<void> {
    if (!navigator.mediaDevices) {
      this.problems = { microphone: 'insecure', camera: 'insecure' }
      return
    }
    this.#off.abort()
    this.#off = new AbortController()
    navigator.mediaDevices.addEventListener('devicechange', () => void this.#changed(), { signal: this.#off.signal })
    this.isAsking = true
    const wanted: Kind[] = [...(this.wantsMicrophone ? ['microphone' as const] : []), ...(this.wantsCamera ? ['camera' as const] : [])]
    if (wanted.length > 0) await this.#open(wanted)
    this.isAsking = false
    await this.#list()
  }

  async setMicrophone(isOn: boolean): Promise<void> {
    this.wantsMicrophone = isOn
    this.#keep({ wantsMicrophone: isOn })
    if (isOn && !this.microphone) await this.#open(['microphone'])
    if (this.microphone) this.microphone.enabled = this.wantsMicrophone
  }

  /** Off means that the light beside the lens is off too. */
  async setCamera(isOn: boolean): Promise<void> {
    this.wantsCamera = isOn
    this.#keep({ wantsCamera: isOn })
    if (isOn && !this.camera) await this.#open(['camera'])
    if (!this.wantsCamera) this.#drop('camera')
  }

  async choose(kind: DeviceKind, deviceId: string): Promise<void> {
    this.#keep({ [kind]: deviceId })
    if (kind === 'speaker') return
    const before = this[kind]
    // Some machines have one camera to give: the old one is let go first.
    if (before) this.#drop(kind)
    if (before || this.problems[kind]) await this.#open([kind])
  }

  /** False: nothing was chosen, or it is not allowed. */
  async share(): Promise<boolean> {
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({
        video: { frameRate: { ideal: 15, max: 30 } },
        audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
      })
      const [screen] = stream.getVideoTracks()
      if (!screen) return false
      screen.contentHint = 'detail'
      screen.addEventListener('ended', () => this.stopSharing(), { once: true })
      this.screen = screen
      this.screenSound = stream.getAudioTracks()[0]
      return true
    } catch {
      // Whoever closes the choice has chosen not to share.
      return false
    }
  }

  stopSharing(): void {
    this.screen?.stop()
    this.screenSound?.stop()
    this.screen = this.screenSound = undefined
  }

  /** Nothing is heard, seen or held any more. */
  end(): void {
    this.#off.abort()
    this.#drop('microphone')
    this.#drop('camera')
    this.stopSharing()
  }

  #keep(choice: Choices) {
    this.chosen = { ...this.chosen, ...choice }
    keep(this.chosen)
  }

  async #open(wanted: readonly Kind[]): Promise<void> {
    const constraints = (kind: Kind) => ({
      ...(kind === 'camera' ? picture : sound),
      ...(this.chosen[kind] && { deviceId: { ideal: this.chosen[kind] } }),
    })
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: wanted.includes('microphone') && constraints('microphone'),
        video: wanted.includes('camera') && constraints('camera'),
      })
      for (const track of stream.getTracks()) this.#take(track.kind === 'audio' ? 'microphone' : 'camera', track)
    } catch (error) {
      // One of two may be missing or refused: the other is still wanted.
      if (wanted.length > 1) for (const kind of wanted) await this.#open([kind])
      else this.problems = { ...this.problems, [wanted[0]!]: refusalOf(error) }
    }
  }

  #take(kind: Kind, track: MediaStreamTrack) {
    const isWanted = !this.#off.signal.aborted && (kind === 'microphone' || this.wantsCamera)
    if (!isWanted) return track.stop()
    this[kind]?.stop()
    this[kind] = track
    const { [kind]: _, ...others } = this.problems
    this.problems = others
    if (kind === 'microphone') track.enabled = this.wantsMicrophone
    track.addEventListener('ended', () => void this.#ended(kind, track), { once: true })
    void this.#list()
  }

  #drop(kind: Kind) {
    this[kind]?.stop()
    this[kind] = undefined
  }

  /** Unplugged, or taken by the system. What else there is takes its place. */
  async #ended(kind: Kind, track: MediaStreamTrack) {
    if (this[kind] !== track) return
    this[kind] = undefined
    await this.#open([kind])
    this.ears.lost?.(kind, this[kind] !== undefined)
  }

  async #changed() {
    await this.#list()
    // What was missing may have been plugged in just now.
    for (const kind of ['microphone', 'camera'] as const)
      if (this.problems[kind] === 'missing' && this.of(kind).length > 0) await this.#open([kind])
  }

  async #list() {
    this.devices = await navigator.mediaDevices.enumerateDevices()
  }
}

function refusalOf(error: unknown): Refusal {
  const { name } = error as DOMException
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied'
  return name === 'NotFoundError' || name === 'OverconstrainedError' ? 'missing' : 'busy'
}
