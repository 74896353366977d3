import { z } from 'zod'
import { fail } from '@atrium/platform'

interface Shape {
  type?: string
  properties?: Record<string, Shape>
  items?: Shape
}
const shapes = new WeakMap<z.ZodType, Shape>()

/**
 * The input of a query from an address: `?input={"limit":5}`, or plain parameters as a person types them, `?limit=5`.
 * A parameter is read as what the contract says it is; what does not fit is left for the contract to refuse.
 */
export function inputFromAddress(schema: z.ZodType, parameters: Record<string, unknown>): unknown {
  if (typeof parameters['input'] === 'string') return parsed(parameters['input'])
  const known = shapes.get(schema) ?? (z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape)
  shapes.set(schema, known)
  return Object.fromEntries(Object.entries(parameters).map(([name, said]) => [name, read(known.properties?.[name], said)]))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw fail('invalid', 'invalid', { field: 'input' })
  }
}

function read(shape: Shape | undefined, said: unknown): unknown {
  if (shape?.type === 'array') return [said].flat().map((one) => read(shape.items, one))
  if (typeof said !== 'string') return said
  if (shape?.type === 'integer' || shape?.type === 'number') return said.trim() === '' ? said : Number(said)
  if (shape?.type === 'boolean') return said === 'true' ? true : said === 'false' ? false : said
  return said
}
