import type { Attached } from '@atrium/protocol'

const line = 56
const gap = 8
const looks: readonly [RegExp, number][] = [
  [/^image\/(png|jpeg|webp|gif|avif)$/, 220],
  [/^video\//, 194],
  [/^audio\//, 64],
]

/** How high the look at a file in a message is, known before it has loaded. */
export const lookHeight = ({ kind, type }: Pick<Attached, 'kind' | 'type'>): number =>
  kind === 'file' ? (looks.find(([pattern]) => pattern.test(type))?.[1] ?? 0) : 0

/** The place that the files of a message will take. */
export const placeOf = (files: readonly Attached[]): number =>
  files.reduce((height, file) => height + lookHeight(file) + line, gap * (files.length - 1))
