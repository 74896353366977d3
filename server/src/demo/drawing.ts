import { box, both, Canvas, circle, ellipse, either, hex, mix, polygon, stroke } from './canvas.ts'

const [width, height] = [960, 540]

/** The ferry on the evening before she is launched: what the yard talks about. */
export function ferryAtDusk(): Buffer {
  const sky = [hex('#f4d8b8'), hex('#e9b89a'), hex('#b9a6b4')] as const
  const horizon = 340
  const canvas = new Canvas(width, height, (_, y) => {
    if (y < horizon)
      return y < horizon / 2 ? mix(sky[2], sky[1], y / (horizon / 2)) : mix(sky[1], sky[0], (y - horizon / 2) / (horizon / 2))
    return mix(hex('#7fa3a4'), hex('#3f6d78'), (y - horizon) / (height - horizon))
  })
  canvas.fill(circle(690, 262, 52), hex('#fbeecb'))
  canvas.fill(
    polygon([0, 340], [0, 292], [120, 256], [230, 300], [360, 268], [480, 318], [640, 290], [800, 322], [960, 282], [960, 340]),
    hex('#98939f'),
  )
  canvas.fill(polygon([0, 340], [0, 322], [180, 304], [330, 330], [560, 322], [760, 334], [960, 318], [960, 340]), hex('#7d7f8d'))

  // The slip and its crane.
  canvas.fill(either(box(60, 150, 70, 420), box(108, 150, 118, 420)), hex('#56616b'))
  canvas.fill(either(stroke(64, 160, 330, 132, 9), stroke(90, 110, 318, 132, 4), stroke(90, 110, 90, 160, 8)), hex('#56616b'))
  canvas.fill(stroke(300, 136, 300, 214, 2), hex('#3a434b'))
  canvas.fill(box(0, 404, 250, 430), hex('#5b4a3f'))
  for (const x of [18, 92, 166, 236]) canvas.fill(box(x, 426, x + 12, 520), hex('#463830'))

  // The hull, two decks and a wheelhouse.
  canvas.fill(polygon([238, 352], [806, 352], [764, 426], [288, 426]), hex('#1f4e5f'))
  canvas.fill(polygon([247, 378], [792, 378], [786, 388], [252, 388]), hex('#f1e6d2'))
  canvas.fill(polygon([276, 410], [774, 410], [764, 426], [288, 426]), hex('#b4533c'))
  canvas.fill(box(292, 296, 744, 354, 8), hex('#f5efe2'))
  canvas.fill(box(352, 250, 640, 300, 8), hex('#e9dfcb'))
  canvas.fill(polygon([410, 206], [540, 206], [556, 252], [398, 252]), hex('#f5efe2'))
  canvas.fill(polygon([418, 214], [532, 214], [540, 236], [410, 236]), hex('#41606b'))
  for (let x = 312; x < 728; x += 38) canvas.fill(box(x, 310, x + 24, 334, 5), hex(x % 3 === 0 ? '#f3c877' : '#5d7d86'))
  for (let x = 368; x < 626; x += 42) canvas.fill(box(x, 262, x + 28, 282, 5), hex(x % 4 === 0 ? '#f3c877' : '#5d7d86'))
  canvas.fill(either(stroke(475, 206, 475, 128, 5), stroke(475, 150, 520, 168, 3), stroke(475, 150, 430, 168, 3)), hex('#4c4440'))
  canvas.fill(both(box(592, 206, 628, 252, 5), box(0, 0, width, height)), hex('#b4533c'))
  canvas.fill(box(592, 216, 628, 226), hex('#f1e6d2'))
  for (let x = 300; x < 740; x += 22) canvas.fill(stroke(x, 296, x, 278, 2), hex('#6d6a63'))
  canvas.fill(either(stroke(296, 279, 352, 279, 2.5), stroke(640, 279, 742, 279, 2.5)), hex('#6d6a63'))

  // The yard looks on.
  for (const [x, coat] of [
    [188, '#b4533c'],
    [206, '#2f5d57'],
    [150, '#384a5c'],
  ] as const) {
    canvas.fill(box(x - 5, 382, x + 5, 405, 4), hex(coat))
    canvas.fill(circle(x, 377, 5), hex('#6b4432'))
  }
  // Her reflection, and the sun's.
  canvas.fill(polygon([286, 428], [766, 428], [700, 486], [350, 486]), hex('#23505e'), 0.45)
  for (const [x, y, half] of [
    [690, 362, 60],
    [706, 382, 38],
    [676, 404, 24],
    [840, 450, 70],
    [420, 500, 90],
    [170, 470, 40],
    [610, 516, 60],
    [880, 498, 34],
  ] as const)
    canvas.fill(ellipse(x, y, half, 2.2), hex('#f7e3c0'), 0.5)
  return canvas.png()
}

/** A sketch on squared paper: the frame that is moved. */
export function frameSketch(): Buffer {
  const canvas = new Canvas(640, 400, (x, y) => (x % 20 === 0 || y % 20 === 0 ? hex('#dfe6e4') : hex('#fbfaf4')))
  const [ink, red] = [hex('#2f4350'), hex('#c2503a')]
  const hull: [number, number][] = Array.from({ length: 41 }, (_, i) => [
    60 + i * 13,
    110 + 190 * Math.sin(Math.PI * (0.1 + 0.8 * (i / 40))) ** 0.7,
  ])
  for (const [i, [x, y]] of hull.entries()) if (hull[i + 1]) canvas.fill(stroke(x, y, hull[i + 1]![0], hull[i + 1]![1], 4), ink)
  canvas.fill(stroke(60, 190, 580, 190, 3), ink)
  for (let i = 4; i < 40; i += 4)
    canvas.fill(stroke(hull[i]![0], 190, hull[i]![0], hull[i]![1], i === 28 ? 5 : 2), i === 28 ? red : ink, i === 28 ? 1 : 0.7)
  canvas.fill(
    either(
      stroke(hull[28]![0], 150, hull[28]![0] - 52, 150, 3),
      stroke(hull[28]![0] - 52, 150, hull[28]![0] - 40, 142, 3),
      stroke(hull[28]![0] - 52, 150, hull[28]![0] - 40, 158, 3),
    ),
    red,
  )
  canvas.fill(stroke(hull[24]![0], 196, hull[24]![0], hull[24]![1] - 6, 3), red, 0.6)
  return canvas.png()
}
