import type { Locator, Page } from 'playwright-core'

/** What the functions below use of a page, for they run in it: nothing else here knows a browser. */
interface PageVideo {
  videoWidth: number
  requestVideoFrameCallback(seen: () => void): number
}
interface PageContext {
  drawImage(video: PageVideo, x: number, y: number, width: number, height: number): void
  getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray }
}
declare const OffscreenCanvas: new (width: number, height: number) => { getContext(kind: '2d'): PageContext }
declare const AudioContext: new () => {
  createMediaStreamSource(stream: unknown): { connect(node: unknown): void }
  createAnalyser(): { fftSize: number; getFloatTimeDomainData(samples: Float32Array): void }
  close(): Promise<void>
}
interface PageMedia {
  srcObject: unknown
  paused: boolean
  ariaLabel: string | null
  getVideoPlaybackQuality(): { totalVideoFrames: number }
}
declare const document: { querySelectorAll(selector: string): Iterable<PageMedia> }

/**
 * Waits until a picture has shown so many frames, counted as they were presented. Answers how many of them differed from the
 * one before: a frozen picture shows none that does.
 */
export const framesSeen = (video: Locator, count: number): Promise<number> =>
  video.evaluate(
    (element, wanted) =>
      new Promise<number>((resolve) => {
        const picture = element as unknown as PageVideo
        const context = new OffscreenCanvas(64, 36).getContext('2d')
        let before = ''
        let seen = 0
        let moved = 0
        const next = () => {
          context.drawImage(picture, 0, 0, 64, 36)
          const now = context.getImageData(0, 0, 64, 36).data.join()
          if (seen++ > 0 && now !== before) moved++
          before = now
          if (seen >= wanted) resolve(moved)
          else picture.requestVideoFrameCallback(next)
        }
        picture.requestVideoFrameCallback(next)
      }),
    count,
  )

/** When the next new frame of this picture is there, of the clock of this process; it may be another element by then. */
export async function nextFrame(page: Page, name: string): Promise<number> {
  await page.evaluate(
    (label) =>
      new Promise<void>((resolve) => {
        const find = () => [...document.querySelectorAll('video')].find((video) => video.ariaLabel === label)
        let [before, seen] = [find(), find()?.getVideoPlaybackQuality().totalVideoFrames ?? 0]
        const timer = setInterval(() => {
          const now = find()
          const frames = now?.getVideoPlaybackQuality().totalVideoFrames ?? 0
          if (now && frames > (now === before ? seen : 0)) {
            clearInterval(timer)
            resolve()
          }
          ;[before, seen] = [now, frames]
        }, 10)
      }),
    name,
  )
  return performance.now()
}

/** Waits until something is heard in the page: how loud it was, 0 to 1, of what is being played. */
export const soundHeard = (page: Page, least = 0.01): Promise<number> =>
  page.evaluate(async (loudEnough) => {
    const context = new AudioContext()
    const samples = new Float32Array(2048)
    const ears = [...document.querySelectorAll('audio[data-sound]')]
      .filter(({ paused }) => !paused)
      .map(({ srcObject }) => {
        const ear = context.createAnalyser()
        ear.fftSize = samples.length
        context.createMediaStreamSource(srcObject).connect(ear)
        return ear
      })
    if (ears.length === 0) throw new Error('Nothing is being played.')
    const until = performance.now() + 10_000
    for (let loudest = 0; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
      for (const ear of ears) {
        ear.getFloatTimeDomainData(samples)
        loudest = Math.max(loudest, Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length))
      }
      if (loudest >= loudEnough || performance.now() > until) {
        await context.close()
        return loudest
      }
    }
  }, least)
