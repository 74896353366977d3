import { box, Canvas, circle, ellipse, either, hex, mix, polygon, stroke, without, type Shape } from './canvas.ts'

export interface Face {
  ground: string
  skin: string
  hair: string
  cut: 'short' | 'long' | 'bob' | 'curls' | 'bun' | 'bald' | 'scarf' | 'cap' | 'tail'
  coat: string
  beard?: true
  glasses?: true
}
const size = 192

/** Somebody from the shoulders up, flat and friendly. */
export function portrait({ ground, skin, hair, cut, coat, beard, glasses }: Face): Buffer {
  const [paper, face, mane, cloth] = [hex(ground), hex(skin), hex(hair), hex(coat)]
  const [shade, ink] = [mix(face, hex('#5a2a1e'), 0.22), hex('#2b211e')]
  const canvas = new Canvas(size, size, (_, y) => mix(paper, hex('#ffffff'), 0.28 * (1 - y / size)))

  for (const behind of hairBehind[cut] ?? []) canvas.fill(behind, mix(mane, hex('#000000'), 0.12))
  canvas.fill(either(ellipse(96, 196, 66, 50), box(54, 168, 138, 200, 20)), cloth)
  canvas.fill(polygon([78, 146], [114, 146], [96, 172]), mix(cloth, hex('#ffffff'), 0.75))
  canvas.fill(box(82, 112, 110, 156, 13), shade)
  canvas.fill(either(ellipse(56, 92, 8, 12), ellipse(136, 92, 8, 12)), shade)
  canvas.fill(ellipse(96, 86, 39, 46), face)
  if (beard) canvas.fill(without(ellipse(96, 94, 40.5, 44), either(box(50, 30, 142, 98, 18), ellipse(96, 106, 15, 7))), mane)

  for (const over of hairOver[cut]) canvas.fill(over, cut === 'scarf' || cut === 'cap' ? mane : mane)
  if (cut === 'cap') canvas.fill(box(50, 60, 142, 70, 5), mix(mane, hex('#000000'), 0.25))

  for (const x of [80, 112]) {
    canvas.fill(circle(x, 88, 4.2), ink)
    canvas.fill(circle(x + 1.4, 86.6, 1.3), hex('#ffffff'))
    canvas.fill(stroke(x - 7, 76.5, x + 7, 75.5, 3), mix(cut === 'scarf' || cut === 'cap' || cut === 'bald' ? ink : mane, ink, 0.35))
    canvas.fill(circle(x + (x - 96) * 0.45, 102, 7), hex('#e0604c'), 0.16)
    if (glasses) canvas.fill(without(circle(x, 88, 13.5), circle(x, 88, 11)), ink)
  }
  if (glasses) canvas.fill(stroke(92, 87, 100, 87, 2.5), ink)
  canvas.fill(stroke(96, 92, 94, 101, 3), shade)
  canvas.fill(without(ellipse(96, 107, 13, 11), box(70, 90, 122, 110)), mix(hex('#a8423a'), face, beard ? 0.1 : 0.25))
  return canvas.png()
}

const crown = (lift = 0): Shape => without(ellipse(96, 76 - lift, 44, 48), ellipse(100, 104, 41, 44))
const curl = (x: number, y: number, r: number) => circle(x, y, r)

const hairBehind: Partial<Record<Face['cut'], Shape[]>> = {
  long: [box(46, 60, 146, 168, 36)],
  bob: [box(46, 50, 146, 128, 34)],
  tail: [ellipse(136, 108, 18, 42)],
  scarf: [box(46, 44, 146, 160, 44)],
  bun: [circle(96, 26, 19)],
}
const hairOver: Record<Face['cut'], Shape[]> = {
  short: [crown(0)],
  long: [crown(2)],
  bob: [crown(2), without(ellipse(96, 70, 44, 38), box(40, 70, 160, 140))],
  curls: [
    crown(2),
    ...[
      [58, 66],
      [64, 48],
      [80, 36],
      [98, 32],
      [116, 37],
      [130, 50],
      [135, 68],
    ].map(([x, y]) => curl(x!, y!, 16)),
  ],
  bun: [crown(2)],
  bald: [],
  scarf: [without(ellipse(96, 82, 50, 58), ellipse(96, 92, 35, 42))],
  cap: [without(ellipse(96, 64, 45, 40), box(40, 64, 160, 140))],
  tail: [crown(1)],
}
