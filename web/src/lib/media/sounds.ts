import { audio } from './level.ts'

interface Note {
  hertz: number
  /** Seconds after the beginning. */
  at: number
  seconds: number
}

/** A few sounds of our own, made here: nothing to load. A page that nobody touched yet may not sound; then it does not. */
function play(notes: readonly Note[], gain: number, output?: AudioNode): void {
  if (navigator.userActivation?.hasBeenActive === false) return
  const context = audio()
  if (context.state === 'suspended') void context.resume()
  for (const { hertz, at, seconds } of notes) {
    const from = context.currentTime + at
    const tone = new OscillatorNode(context, { type: 'sine', frequency: hertz })
    const loudness = new GainNode(context, { gain: 0 })
    loudness.gain.setValueAtTime(0, from)
    loudness.gain.linearRampToValueAtTime(gain, from + 0.02)
    loudness.gain.exponentialRampToValueAtTime(0.0001, from + seconds)
    tone.connect(loudness).connect(output ?? context.destination)
    tone.start(from)
    tone.stop(from + seconds + 0.05)
  }
}

/** Somebody knocks: two short notes, downwards. */
export const knockSound = (): void =>
  play(
    [
      { hertz: 659.26, at: 0, seconds: 0.25 },
      { hertz: 523.25, at: 0.14, seconds: 0.4 },
    ],
    0.06,
  )

const ring: readonly Note[] = [
  { hertz: 523.25, at: 0, seconds: 0.5 },
  { hertz: 659.26, at: 0.16, seconds: 0.5 },
  { hertz: 783.99, at: 0.32, seconds: 0.9 },
]
const ringEveryMs = 2_600

/** Rings until the returned function is called. */
export function ringing(gain = 0.09): () => void {
  const once = () => play(ring, gain)
  once()
  const timer = setInterval(once, ringEveryMs)
  return () => clearInterval(timer)
}

/** Three notes, out of the speaker that was chosen. Resolves when they are over. */
export async function testSound(speaker: string | undefined): Promise<void> {
  const context = audio()
  const output = context.createMediaStreamDestination()
  const player = new Audio()
  player.srcObject = output.stream
  if (speaker && 'setSinkId' in player) await player.setSinkId(speaker).catch(() => undefined)
  await player.play()
  play(ring, 0.25, output)
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  player.pause()
  player.srcObject = null
}
