import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * What a small camera shows: a bar that walks through the picture, ten times a second. Two sizes of it are sent of
 * the three that a page may send. With a larger one a story of three people would be about how fast this machine encodes.
 */
const [width, height, frames] = [640, 360, 10]
const file = join(fileURLToPath(new URL('../..', import.meta.url)), `node_modules/.cache/camera-${width}x${height}.y4m`)

/** The film as Chromium takes it for a camera; made once, put in place whole. */
export async function cameraFilm(): Promise<string> {
  if (existsSync(file)) return file
  await mkdir(dirname(file), { recursive: true })
  const beside = `${file}.${randomUUID()}`
  const pictures = Array.from({ length: frames }, (_, n) => [Buffer.from('FRAME\n'), picture(n)]).flat()
  await writeFile(beside, Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`), ...pictures]))
  await rename(beside, file)
  return file
}

/** Brightness of each pixel, then two colours of each four. */
function picture(n: number): Buffer {
  const bar = width / frames
  const line = Buffer.alloc(width, 60).fill(200, n * bar, (n + 1) * bar)
  return Buffer.concat([
    ...Array.from({ length: height }, () => line),
    Buffer.alloc((width * height) / 4, 110 + 2 * n),
    Buffer.alloc((width * height) / 4, 140),
  ])
}
