import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const lookEveryMs = 5_000
const idleShare = 0.05

/**
 * Loading leaves some thirty megabytes of garbage in a heap that grew for it, and a hub that has little to do does not
 * collect for hours. Done once, in the first five seconds in which nobody wants anything: it takes a tenth of one.
 */
export function collectWhatLoadingLeft(): void {
  let before = performance.eventLoopUtilization()
  const looking = setInterval(() => {
    const { utilization } = performance.eventLoopUtilization(before)
    before = performance.eventLoopUtilization()
    if (utilization > idleShare) return
    clearInterval(looking)
    setFlagsFromString('--expose-gc')
    runInNewContext('gc')()
    setFlagsFromString('--no-expose-gc')
  }, lookEveryMs).unref()
}
