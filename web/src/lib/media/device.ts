import type { types } from 'mediasoup-client'

/*
 * What this browser can send and receive. The library is large and comes with a meeting only; of its halves for the
 * browsers just the one for this one comes along.
 */

export type Device = types.Device
export type RtpCapabilities = types.RtpCapabilities

const handlers = {
  chrome: async () => (await import('mediasoup-client/handlers/Chrome111')).Chrome111,
  firefox: async () => (await import('mediasoup-client/handlers/Firefox120')).Firefox120,
  safari: async () => (await import('mediasoup-client/handlers/Safari12')).Safari12,
}

/** Safari and every browser of iPhones have one engine; the rest that holds meetings is Chromium or Firefox. */
function engine(): keyof typeof handlers {
  const { userAgent } = navigator
  if (/Firefox\//.test(userAgent)) return 'firefox'
  return /AppleWebKit/.test(userAgent) && !/Chrom(e|ium)\//.test(userAgent) ? 'safari' : 'chrome'
}

export const canMeet = (): boolean => 'RTCPeerConnection' in globalThis

/** What the last node could, kept on this device: most often the next one can the same, and is told so with the first word. */
const key = 'atrium.router'
const loaded = new Map<string, Promise<Device>>()

/** Fetches what a meeting needs while somebody still looks at the door. */
export async function prepare(): Promise<void> {
  const known = localStorage.getItem(key)
  if (known) await deviceFor(JSON.parse(known) as object)
  else await Promise.all([import('mediasoup-client'), handlers[engine()](), warm()])
}

/** The first connection of a page is slow to make, whatever it is for. */
async function warm(): Promise<void> {
  const connection = new RTCPeerConnection()
  connection.addTransceiver('audio')
  connection.addTransceiver('video')
  await connection.createOffer()
  connection.close()
}

export function deviceFor(routerRtpCapabilities: object): Promise<Device> {
  const text = JSON.stringify(routerRtpCapabilities)
  const known = loaded.get(text)
  if (known) return known
  const loading = load(routerRtpCapabilities as RtpCapabilities)
  loaded.set(text, loading)
  loading.then(
    () => localStorage.setItem(key, text),
    () => loaded.delete(text),
  )
  return loading
}

/** What is known to be receivable before a node was asked; undefined: nothing was loaded yet. */
export async function likelyCapabilities(): Promise<{ device: Device; text: string } | undefined> {
  const text = localStorage.getItem(key)
  const device = text === null ? undefined : loaded.get(text)
  return text !== null && device ? { device: await device, text } : undefined
}

async function load(routerRtpCapabilities: RtpCapabilities): Promise<Device> {
  const [{ Device }, handler] = await Promise.all([import('mediasoup-client'), handlers[engine()]()])
  const device = new Device({ handlerFactory: handler.createFactory({}) })
  await device.load({ routerRtpCapabilities })
  return device
}
