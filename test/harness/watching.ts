import type { Page } from 'playwright-core'
import { patienceMs } from './browsers.ts'

/** What the functions below use of a page, for they run in it: nothing else here knows a browser. */
interface PageContext {
  drawImage(video: PageMedia, x: number, y: number, width: number, height: number): void
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
  requestVideoFrameCallback(seen: () => void): number
}
declare const document: { querySelectorAll(selector: string): Iterable<PageMedia> }

/**
 * Waits until the picture of this name has shown so many frames, counted as they were presented; it may be another element by then.
 * Answers how many of them differed from the one before: a frozen picture shows none that does.
 */
export const framesSeen = (page: Page, name: string, count: number): Promise<number> =>
  page.evaluate(
    async ({ label, wanted, forMs }) => {
      const pause = (ms: number) => new Promise<false>((resolve) => setTimeout(resolve, ms, false))
      const context = new OffscreenCanvas(64, 36).getContext('2d')
      let before = ''
      let moved = 0
      let seen = 0
      const end = performance.now() + forMs
      while (seen < wanted) {
        if (performance.now() > end) throw new Error(`“${label}” showed ${seen} of ${wanted} frames in time.`)
        const picture = [...document.querySelectorAll('video')].find((video) => video.ariaLabel === label)
        const shown = picture && new Promise<true>((resolve) => picture.requestVideoFrameCallback(() => resolve(true)))
        // An element that is taken away shows no more.
        if (!shown || !(await Promise.race([shown, pause(500)]))) {
          await pause(10)
          continue
        }
        context.drawImage(picture, 0, 0, 64, 36)
        const now = context.getImageData(0, 0, 64, 36).data.join()
        if (seen++ > 0 && now !== before) moved++
        before = now
      }
      return moved
    },
    { label: name, wanted: count, forMs: patienceMs },
  )

/** When the next new frame of this picture is there, of the clock of this process; it may be another element by then. */
export async function nextFrame(page: Page, name: string): Promise<number> {
  await page.evaluate(
    ({ label, forMs }) =>
      new Promise<void>((resolve, reject) => {
        const find = () => [...document.querySelectorAll('video')].find((video) => video.ariaLabel === label)
        let [before, seen] = [find(), find()?.getVideoPlaybackQuality().totalVideoFrames ?? 0]
        const end = performance.now() + forMs
        const timer = setInterval(() => {
          const now = find()
          const frames = now?.getVideoPlaybackQuality().totalVideoFrames ?? 0
          const isNew = now !== undefined && frames > (now === before ? seen : 0)
          if (isNew || performance.now() > end) {
            clearInterval(timer)
            if (isNew) resolve()
            else reject(new Error(`“${label}” shows no new frame.`))
          }
          ;[before, seen] = [now, frames]
        }, 10)
      }),
    { label: name, forMs: patienceMs },
  )
  return performance.now()
}

/** Waits until something is heard in the page: how loud it was, 0 to 1, of what is being played. */
export const soundHeard = (page: Page, least = 0.01): Promise<number> =>
  page.evaluate(
    async ({ loudEnough, forMs }) => {
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
      const until = performance.now() + forMs
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
    },
    { loudEnough: least, forMs: patienceMs },
  )
