import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { brands, contract, type Brand, type Hub, type Operation, type OperationName } from '@atrium/protocol'

/** As much of JSON Schema as our contract prints. */
export interface Shape {
  type?: string
  properties?: Record<string, Shape>
  required?: string[]
  items?: Shape
  minItems?: number
  anyOf?: Shape[]
  oneOf?: Shape[]
  enum?: unknown[]
  const?: unknown
  format?: string
  pattern?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  brand?: Brand
}
export type Path = (string | number)[]
/** One object of each brand. */
export type Objects = Partial<Record<Brand, string>>

export const operations = Object.entries(contract).filter(([, { kind }]) => kind === 'query' || kind === 'command') as [
  OperationName<Hub>,
  Operation,
][]

const shapes = new WeakMap<object, Shape>()
export function shapeOf({ input }: Operation): Shape {
  const known = shapes.get(input)
  if (known) return known
  const shape = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any', metadata: brands as never }) as Shape
  shapes.set(input, shape)
  return shape
}

/** Every place in an input, also within lists and choices, whether it must be filled or not. */
export function* placesIn(shape: Shape, path: Path = []): Generator<{ path: Path; shape: Shape; isRequired: boolean }> {
  for (const [name, inner] of Object.entries(shape.properties ?? {})) {
    const place = { path: [...path, name], shape: inner, isRequired: shape.required?.includes(name) ?? false }
    yield place
    yield* placesIn(inner, place.path)
  }
  if (shape.items) {
    yield { path: [...path, 0], shape: shape.items, isRequired: false }
    yield* placesIn(shape.items, [...path, 0])
  }
  for (const choice of shape.anyOf ?? shape.oneOf ?? []) {
    yield { path, shape: choice, isRequired: false }
    yield* placesIn(choice, path)
  }
}

/** An input that the contract accepts, made of what belongs to the caller. */
export function sampleOf(name: string, operation: Operation, own: Objects): Record<string, unknown> {
  const shape = shapeOf(operation)
  const input = sample(shape, own) as Record<string, unknown>
  // What a schema checks beyond its shape, such as "one emoji" or "one of the two", is found by trying.
  for (let tries = 0; tries < 100; tries++) {
    const parsed = operation.input.safeParse(input)
    if (parsed.success) return input
    const path = parsed.error.issues[0]!.path as Path
    const place = [...placesIn(shape)].find((one) => one.path.join('.') === path.join('.'))
    put(input, path, at(input, path) === undefined && place ? sample(place.shape, own) : words[tries % words.length])
  }
  throw new Error(`The generator knows no input for ${name}: teach it one.`)
}

/** A code, a scratch code, a meeting's link, a codec, a place to stream to, a page, the fingerprint of a certificate. */
const special = [
  ...['123456', 'k3md-9x2p'],
  'k4fd-29qm-w7tz',
  'video/VP8',
  'rtmp://live.example.org/app',
  'https://id.example.org/sign-in',
  Array.from({ length: 32 }, () => 'AB').join(':'),
]
const words = ['👍', 'someone@example.org', 'A'.repeat(43), 'words enough', `account:${randomUUID()}`, ...special]

function sample(shape: Shape, own: Objects): unknown {
  if (shape.brand) {
    const id = own[shape.brand]
    if (!id) throw new Error(`The world has no ${shape.brand} of the caller's own: make one in world.ts.`)
    return id
  }
  if (shape.const !== undefined) return shape.const
  if (shape.enum) return shape.enum[0]
  const choice = (shape.anyOf ?? shape.oneOf)?.[0]
  if (choice) return sample(choice, own)
  if (shape.type === 'object') {
    // What may be left out is, but for objects and lists of them: their fields are to be attacked too.
    const holdsObjects = (one: Shape | undefined) => one?.type === 'object' || one?.items?.type === 'object'
    const filled = Object.entries(shape.properties ?? {}).filter(
      ([name, inner]) => shape.required?.includes(name) || holdsObjects(inner) || holdsObjects((inner.anyOf ?? inner.oneOf)?.[0]),
    )
    return Object.fromEntries(filled.map(([name, inner]) => [name, sample(inner, own)]))
  }
  if (shape.type === 'array') {
    const least = shape.items?.type === 'object' ? 1 : 0
    return Array.from({ length: shape.minItems ?? least }, () => sample(shape.items!, own))
  }
  if (shape.type === 'integer' || shape.type === 'number') return Math.max(shape.minimum ?? 1, 1)
  if (shape.type === 'boolean') return true
  if (shape.format === 'uuid') return randomUUID()
  if (shape.format === 'date-time') return '2026-01-01T00:00:00.000Z'
  if (shape.format === 'hostname') return 'example.org'
  return words.find((word) => fits(word, shape)) ?? 'x'.repeat(shape.minLength ?? 1)
}

const fits = (word: string, { pattern, minLength = 0 }: Shape) =>
  word !== '👍' && word.length >= minLength && (!pattern || new RegExp(pattern, 'u').test(word))

/** A text ten times longer than the longest that is allowed there. */
export function tooLong({ maxLength, enum: choices, const: only }: Shape): string {
  const longest = maxLength ?? Math.max(64, ...[...(choices ?? []), only ?? ''].map((choice) => String(choice).length))
  return 'x'.repeat(longest * 10)
}

export function at(input: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], input)
}

/** Changes one place; a list on the way there is made. */
export function put(input: Record<string, unknown>, path: Path, value: unknown): Record<string, unknown> {
  let inner: Record<string | number, unknown> = input
  for (const [i, key] of path.slice(0, -1).entries()) {
    // A list, also where the sample chose a word instead of one.
    if (typeof path[i + 1] === 'number' && !Array.isArray(inner[key])) inner[key] = []
    inner = inner[key] as Record<string | number, unknown>
  }
  const last = path.at(-1)!
  if (value === undefined) delete inner[last]
  else inner[last] = value
  return input
}
