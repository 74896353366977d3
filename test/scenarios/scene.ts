import assert from 'node:assert/strict'
import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, onTestFinished, test } from 'vitest'
import { notRun } from '@atrium/platform/testing/needs'
import { chromiumProgram, openChromium, told, unasked, type Camera } from '../harness/browsers.ts'
import { missingFor, topologies, topology, type Topology, type TopologyOptions } from '../harness/topology.ts'
import { weather, type Weather } from '../harness/weather.ts'

/** There when the first test begins. */
export interface Stage {
  readonly hub: Topology
  readonly browser: Browser
}

/** What a scene needs besides. */
export interface Props extends TopologyOptions {
  /** What this machine lacks for it. */
  missing?: string | undefined
  /** What the browser's camera is; see `openChromium`. */
  camera?: Camera
}

/** Stories that are told in both topologies, each time on one hub of their own and in a real Chromium. */
export function scene(title: string, tell: (stage: Stage) => void, { missing: lacks, camera, ...options }: Props = {}): void {
  for (const name of topologies)
    describe(`${title}, ${name}`, () => {
      const missing = missingFor(name) ?? (chromiumProgram() ? lacks : 'chromium')
      if (missing) return notRun(`${title}, ${name}`, missing)
      let hub: Topology | undefined
      let browser: Browser | undefined
      beforeAll(async () => void ([hub, browser] = await Promise.all([topology(name, options), openChromium(camera && { camera })])))
      let opened: BrowserContext[]
      beforeEach(() => void (opened = browser!.contexts()))
      // What a test opened is nothing but work for the machine when it is over.
      afterEach(() => Promise.all(browser!.contexts().flatMap((one) => (opened.includes(one) ? [] : one.close()))))
      afterAll(async () => {
        await browser?.close()
        await hub?.stop()
      })
      tell({
        get hub() {
          return hub!
        },
        get browser() {
          return browser!
        },
      })
    })
}

/** The same, of a hub that people open by other addresses than its own, too: through a bad network, or at one of its processes. */
export const sceneElsewhere: typeof scene = (title, tell, props) => scene(title, tell, { ...props, isOpenedElsewhere: true })

/** With these somebody is refused what they tried, and the page says why. */
export const usualRefusals = [400, 403, 404, 409]

/** One story of a scene. Failing, it says what all pages show; it fails, too, when a page had trouble other than refusals of these statuses. */
export const storyWith =
  (...refusals: number[]) =>
  (name: string, tell: () => Promise<void>): void =>
    test(name, () =>
      tell()
        .then(() => assert.deepEqual(unasked(refusals), []))
        .catch(told),
    )
export const story = storyWith()

/** A network between a page and the hub that can be bad, for as long as a story goes on. */
export async function weatherOver(url: string): Promise<Weather> {
  const sky = await weather(url)
  onTestFinished(() => sky.stop())
  return sky
}
