let shared: AudioContext | undefined
/** One for the page: browsers allow a few. */
export const audio = (): AudioContext => (shared ??= new AudioContext())

const everyMs = 60

/** Tells how loud a track is, 0 to 1, until the returned function is called. */
export function listenTo(track: MediaStreamTrack, tell: (loudness: number) => void): () => void {
  const context = audio()
  if (context.state === 'suspended') void context.resume()
  const source = context.createMediaStreamSource(new MediaStream([track]))
  const analyser = new AnalyserNode(context, { fftSize: 512 })
  source.connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples)
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length
    // -60 dB is silence, -12 dB is loud speech.
    tell(Math.min(1, Math.max(0, (10 * Math.log10(power + 1e-10) + 60) / 48)))
  }, everyMs)
  return () => {
    clearInterval(timer)
    source.disconnect()
  }
}
