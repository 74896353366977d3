import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { av, decoder, made, must } from './av.ts'
import type { Ink } from './canvas.ts'
import { fontFor, shortened } from './fonts.ts'

export interface Labels {
  /** At the foot of a picture. */
  foot: Ink
  /** Instead of a picture, in a small place and in a large one. */
  small: Ink
  large: Ink
}
export interface Fonts {
  usual: string
  others: readonly string[]
}

/** A name is drawn once, in every size. Where that fails, the name is missing and nothing else. */
export async function labelsFor(name: string, fonts: Fonts): Promise<Labels> {
  const { font, text } = fontFor(name, fonts.usual, fonts.others)
  const [foot, small, large] = await Promise.all([
    draw(shortened(text, 30), font, { width: 320, height: 28, size: 18 }),
    draw(shortened(text, 18), font, { width: 300, height: 40, size: 26 }),
    draw(shortened(text, 22), font, { width: 600, height: 72, size: 46 }),
  ])
  return { foot, small, large }
}

interface Size {
  width: number
  height: number
  size: number
}
const margin = 8

async function draw(text: string, font: string, { width, height, size }: Size): Promise<Ink> {
  const blank: Ink = { width, height, used: 0, at: Buffer.alloc(width * height) }
  if (text === '') return blank
  const folder = await mkdtemp(join(tmpdir(), 'atrium-name-'))
  try {
    // From a file and without expansion: a name may hold any character. Both under names that need no escapes.
    await writeFile(join(folder, 'name'), text)
    await symlink(font, join(folder, 'font'))
    const what = `fontfile=${folder}/font:textfile=${folder}/name:expansion=none:fontcolor=white:fontsize=${size}`
    const at = await painted(
      `color=black:s=${width}x${height}:r=1:d=1,format=gray,drawtext=${what}:x=${margin}:y=(h-ascent-2)/2`,
      width,
      height,
    )
    return at ? { width, height, used: usedOf(at, width), at } : blank
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The one picture that a graph of filters makes. */
async function painted(graph: string, width: number, height: number): Promise<Buffer | undefined> {
  const input = new av.FormatContext()
  const [packet, frame] = [made(av.Packet), made(av.Frame)]
  try {
    must(await input.openInput(graph, av.InputFormat.findInputFormat('lavfi')), 'label')
    const context = decoder(input.streams[0]!.codecpar.codecId, { width, height, pixelFormat: av.AV_PIX_FMT_GRAY8 })
    must(await input.readFrame(packet), 'label')
    must(await context.sendPacket(packet), 'label')
    must(await context.receiveFrame(frame), 'label')
    const [plane, stride] = [frame.data![0]!, frame.linesize[0]!]
    const rows = Array.from({ length: height }, (_, row) => plane.subarray(row * stride, row * stride + width))
    context.freeContext()
    return Buffer.concat(rows)
  } catch {
    return undefined
  } finally {
    packet.free()
    frame.free()
    await input.closeInput()
  }
}

function usedOf(at: Buffer, width: number): number {
  let last = 0
  for (let i = 0; i < at.length; i++) if (at[i]! > 24) last = Math.max(last, i % width)
  return last === 0 ? 0 : Math.min(width, last + margin + 1)
}
