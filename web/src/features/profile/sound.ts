let context: AudioContext | undefined

/** Two soft notes, a fifth apart, made here: nothing to load. A page that nobody touched yet may not sound; then it does not. */
export function chime(): void {
  context ??= new AudioContext()
  if (context.state === 'suspended') void context.resume()
  for (const [index, hertz] of [587.33, 880].entries()) {
    const at = context.currentTime + index * 0.09
    const tone = new OscillatorNode(context, { type: 'sine', frequency: hertz })
    const loudness = new GainNode(context, { gain: 0 })
    loudness.gain.setValueAtTime(0, at)
    loudness.gain.linearRampToValueAtTime(0.05, at + 0.02)
    loudness.gain.exponentialRampToValueAtTime(0.0001, at + 0.5)
    tone.connect(loudness).connect(context.destination)
    tone.start(at)
    tone.stop(at + 0.55)
  }
}
