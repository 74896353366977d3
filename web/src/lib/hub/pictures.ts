import type { Picture, Reply } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

const longestSide = 2_560
/** The hub takes ten MB. */
const mostBytes = 10 * 1024 * 1024

export interface Prepared {
  blob: Blob
  type: Picture['type']
}

/**
 * Draws the picture anew: what the camera wrote into it (place, time, device) stays here, and nobody is sent more pixels
 * than a screen shows. Animations cannot be drawn and go as they are, unless they are too large.
 */
export async function prepare(file: Blob): Promise<Prepared> {
  if (file.type === 'image/gif' && file.size <= mostBytes) return { blob: file, type: 'image/gif' }
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' })
  const scale = Math.min(1, longestSide / Math.max(bitmap.width, bitmap.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(bitmap.width * scale))
  canvas.height = Math.max(1, Math.round(bitmap.height * scale))
  const context = canvas.getContext('2d')!
  context.imageSmoothingQuality = 'high'
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  bitmap.close()
  // Screenshots stay sharp; photographs become small. WebP does both, where the browser writes it.
  const isDrawing = file.type === 'image/png'
  const blob =
    (await encoded(canvas, 'image/webp', isDrawing ? 0.95 : 0.85)) ?? (await encoded(canvas, isDrawing ? 'image/png' : 'image/jpeg', 0.85))
  if (!blob) throw new Error('the browser could not encode the picture')
  return { blob, type: blob.type as Picture['type'] }
}

const encoded = (canvas: HTMLCanvasElement, type: string, quality: number) =>
  new Promise<Blob | undefined>((resolve) => canvas.toBlob((blob) => resolve(blob?.type === type ? blob : undefined), type, quality))

/** Asks for a place and puts the bytes there. `progress` runs from 0 to 1. */
export async function upload(
  hub: HubConnection,
  { blob, type }: Prepared,
  { signal, progress }: { signal: AbortSignal; progress: (part: number) => void },
): Promise<Reply<Picture>> {
  const begun = await hub.call('pictures.begin', { clientId: hub.newId(), type, bytes: blob.size })
  if (!begun.ok) return begun
  return put(begun.data.path, blob, signal, progress)
}

const put = (path: string, blob: Blob, signal: AbortSignal, progress: (part: number) => void) =>
  new Promise<Reply<Picture>>((resolve) => {
    const failed: Reply<Picture> = { ok: false, error: { code: 'unavailable', key: 'unavailable' } }
    const request = new XMLHttpRequest()
    request.open('PUT', path)
    request.responseType = 'json'
    request.setRequestHeader('content-type', blob.type)
    request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0)
    request.onload = () => resolve((request.response as Reply<Picture> | null) ?? failed)
    request.onerror = request.onabort = request.ontimeout = () => resolve(failed)
    signal.addEventListener('abort', () => request.abort())
    request.send(blob)
  })
