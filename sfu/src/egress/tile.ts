import { av, decoder, made, type CodecContext, type Frame, type Packet, type Scaler } from './av.ts'
import { grey, night, type Canvas, type Ink } from './canvas.ts'
import type { Labels } from './label.ts'
import { even, fitted, nowhere, type Rect } from './layout.ts'
import type { Track } from './rtp.ts'

/** One place in the picture: the newest of its pictures that is due, or a card with the name. */
export class Tile {
  labels: Labels
  rect: Rect = nowhere
  spokeAt = 0
  /** It is to be painted anew. */
  isStale = true
  #track: Track | undefined
  #hasPicture = false
  #isSpeaking = false
  /** What an earlier picture or frame left beside this one. */
  #hasRests = true
  readonly #packet: Packet
  #shown: Frame
  #coming: Frame
  #decoder: CodecContext | undefined
  #scaler: { key: string; scaler: Scaler; inner: Rect } | undefined

  constructor(labels: Labels) {
    this.labels = labels
    this.#packet = made(av.Packet)
    this.#shown = made(av.Frame)
    this.#coming = made(av.Frame)
  }

  get hasPicture(): boolean {
    return this.#track !== undefined
  }

  place(rect: Rect): void {
    this.rect = rect
    this.isStale = this.#hasRests = true
  }

  speak(isSpeaking: boolean, nowMs: number): void {
    if (isSpeaking) this.spokeAt = nowMs
    if (this.#isSpeaking === isSpeaking) return
    this.#isSpeaking = isSpeaking
    this.isStale = this.#hasRests = true
  }

  show(track: Track): void {
    this.blank()
    this.#track = track
  }

  blank(): void {
    this.#track = undefined
    this.#hasPicture = false
    this.isStale = true
    // What follows builds on nothing that this one knows.
    this.#decoder?.freeContext()
    this.#decoder = undefined
  }

  /** Decodes all that is due; of several pictures only the last is kept. */
  async advance(dueMs: number): Promise<void> {
    const track = this.#track
    while (track?.units[0] && track.capturedMs(track.units[0].rtpTime) <= dueMs) {
      this.#decoder ??= decoder(av.AV_CODEC_ID_VP8)
      this.#packet.unref()
      this.#packet.data = track.units.shift()!.data
      if ((await this.#decoder.sendPacket(this.#packet)) < 0) track.refused()
      while ((await this.#decoder.receiveFrame(this.#coming)) >= 0) {
        ;[this.#shown, this.#coming] = [this.#coming, this.#shown]
        this.#hasPicture = this.isStale = true
      }
    }
  }

  async paint(canvas: Canvas): Promise<void> {
    if (!this.isStale || this.rect.w === 0) return
    this.isStale = false
    if (this.#hasPicture) await this.#fit(canvas)
    else this.#card(canvas)
    if (this.#isSpeaking) canvas.outline(this.rect)
  }

  async #fit(canvas: Canvas): Promise<void> {
    const { scaler, inner } = this.#scalerFor()
    if (this.#hasRests) canvas.fill(this.rect, night)
    this.#hasRests = false
    await canvas.scale(scaler, this.#shown, inner)
    const { foot } = this.labels
    const { x, y, w, h } = this.rect
    canvas.write(foot, { x, y: y + h - foot.height, w, h }, true)
  }

  #card(canvas: Canvas): void {
    canvas.fill(this.rect, grey)
    const { x, y, w, h } = this.rect
    const ink: Ink = w >= 600 ? this.labels.large : this.labels.small
    const wide = Math.min(ink.used, w)
    canvas.write(ink, { x: x + even((w - wide) / 2), y: y + even((h - ink.height) / 2), w: wide, h: ink.height }, false)
    this.#scaler?.scaler.freeContext()
    this.#scaler = undefined
  }

  /** Layers and turned phones change the size in mid-stream: the scaler follows the picture in hand. */
  #scalerFor() {
    const { width, height, format } = this.#shown
    const inner = fitted(this.rect, width, height)
    const key = [width, height, format, ...Object.values(this.rect)].join()
    if (this.#scaler?.key === key) return this.#scaler
    this.#scaler?.scaler.freeContext()
    const scaler = new av.SoftwareScaleContext()
    scaler.getContext(width, height, format, inner.w, inner.h, av.AV_PIX_FMT_YUV420P, av.SWS_BILINEAR)
    this.#hasRests = true
    return (this.#scaler = { key, scaler, inner })
  }

  close(): void {
    this.#scaler?.scaler.freeContext()
    this.#decoder?.freeContext()
    for (const thing of [this.#shown, this.#coming, this.#packet]) thing.free()
  }
}
