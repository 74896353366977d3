import { readdirSync, readFileSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'
import { chromiumProgram, flags } from './browsers.ts'
import { cameraFilm } from './camera.ts'

/** A Chromium of one's own, whose network can be taken away: sockets and media alike, and nobody is told. */
export interface Roaming {
  browser: Browser
  /** Its network stands still: what is sent goes nowhere, what comes is not heard. */
  lose(): void
  regain(): void
  stop(): Promise<void>
}

/**
 * Chromium does all its networking in a process of its own. Stopped, nothing leaves the machine and nothing arrives, while
 * pages go on: as in a tunnel. Nothing else of this machine can take UDP away from one browser and not from the others.
 */
export async function roamingChromium(): Promise<Roaming> {
  const executablePath = chromiumProgram()
  if (!executablePath) throw new Error('needs chromium')
  const server = await chromium.launchServer({ executablePath, args: flags(await cameraFilm()) })
  const pid = server.process().pid!
  const browser = await chromium.connect(server.wsEndpoint())
  const network = () => {
    const found = processes().find((one) => argumentsOf(one).includes('network.mojom.NetworkService') && ancestors(one).includes(pid))
    if (found === undefined) throw new Error('This Chromium has no process for its network.')
    return found
  }
  let stopped: number | undefined
  const regain = () => {
    if (stopped !== undefined) process.kill(stopped, 'SIGCONT')
    stopped = undefined
  }
  return {
    browser,
    lose() {
      stopped = network()
      process.kill(stopped, 'SIGSTOP')
    },
    regain,
    async stop() {
      regain()
      await browser.close()
      await server.close()
    },
  }
}

const processes = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

/** A process may end while it is looked at. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
const argumentsOf = (pid: number) => read(`/proc/${pid}/cmdline`)
function ancestors(pid: number): number[] {
  const parent = Number(/^PPid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0)
  return parent > 1 ? [parent, ...ancestors(parent)] : []
}
