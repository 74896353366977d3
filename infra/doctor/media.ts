import { existsSync } from 'node:fs'
import { addressesFor, unheard } from '@atrium/sfu/addresses'
import { missingTools, theCommand } from '@atrium/sfu/program.build'
import { placeOf } from '@atrium/sfu/program'
import { mirrored } from '@atrium/sfu/stun'
import { silence, type Check, type Finding } from './finding.ts'

/** The program, the addresses that browsers are told, and a packet to each of them. */
export const mediaChecks: Check = async ({ config, running }) => {
  const { listening, problems } = await addressesFor(config)
  const found: Finding[] = problems.map((problem) => ({ isGood: false, what: problem }))
  const place = placeOf(config.cacheDir)
  const program = config.media.program ?? place.file
  if (!existsSync(program)) return [...found, ...(await withoutProgram(config.media.program, place))]

  const { Workers } = await import('@atrium/sfu/workers')
  // Those of a hub that runs are taken by it.
  const firstPort = running ? 0 : config.media.firstPort
  const workers = new Workers({ program, listening, firstPort, max: 1, log: silence })
  try {
    const { worker, server } = await workers.take()
    const router = await worker.createRouter()
    const transport = await router.createWebRtcTransport({ webRtcServer: server })
    found.push(...(await unheard(transport)).map((what) => ({ isGood: false, what })))
    const told = [...new Set(transport.iceCandidates.map(({ address, port }) => `${address} port ${port}`))].join(', ')
    if (found.every(({ isGood }) => isGood))
      found.push({ isGood: true, what: `the media worker runs, and is heard at ${told}, UDP and TCP.` })
  } catch (error) {
    found.push({
      isGood: false,
      what: `the media worker does not start: ${error instanceof Error ? error.message : error}.`,
      advice: `Is port ${config.media.firstPort ?? 40_000} taken? ATRIUM_MEDIA_PORTS names another.`,
    })
  } finally {
    workers.stop()
  }
  return found
}

async function withoutProgram(named: string | null, place: ReturnType<typeof placeOf>): Promise<Finding[]> {
  if (named !== null)
    return [
      {
        isGood: false,
        what: `MEDIASOUP_WORKER_BIN names ${named}, which is not there.`,
        advice: 'Correct it, or leave it out: then a worker is brought.',
      },
    ]
  const missing = await missingTools(place)
  if (missing.length === 0)
    return [
      { isGood: true, what: 'the media worker is downloaded or built when the hub starts, once. `npm run atrium -- worker` does it now.' },
    ]
  return [{ isGood: false, what: 'there is no media worker, and to build it some tools are missing.', advice: theCommand(missing) }]
}

/** Each relay answers to the simplest question there is. Whether it takes our passwords shows when somebody needs it. */
export const relayChecks: Check = async ({ config: { media } }) => {
  const found = media.turnUrls.map(async (url): Promise<Finding> => {
    const [, scheme, host, port] = /^(\w+):(\[[^\]]+\]|[^:?]+)(?::(\d+))?/.exec(url) ?? []
    if (!host || scheme?.endsWith('s') || url.includes('transport=tcp'))
      return { isGood: true, what: `${url} is told to browsers; it is not asked from here.` }
    const isThere = await mirrored(host.replace(/^\[|\]$/g, ''), Number(port ?? 3478))
    if (isThere) return { isGood: true, what: `${url} answers.` }
    return { isGood: false, what: `${url} does not answer.`, advice: 'Is the relay running, and is its port open for UDP?' }
  })
  if (found.length === 0)
    return [{ isGood: true, what: 'none. People behind narrow firewalls need one: ATRIUM_TURN_URLS and ATRIUM_TURN_SECRET.' }]
  return Promise.all(found)
}
