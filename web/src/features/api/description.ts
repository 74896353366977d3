/** As much of OpenAPI as the hub's own description uses (`/api/openapi.json`). */
export interface Shape {
  type?: string | string[]
  properties?: Record<string, Shape>
  required?: string[]
  items?: Shape
  anyOf?: Shape[]
  oneOf?: Shape[]
  enum?: unknown[]
  const?: unknown
  format?: string
  minimum?: number
  default?: unknown
  description?: string
}
interface Described {
  operationId: string
  summary: string
  tags: string[]
  security: Record<string, string[]>[]
  'x-right'?: { right: string; on: string }
  'x-confirmed'?: true
  parameters?: { name: string; content: { 'application/json': { schema: Shape } } }[]
  requestBody?: { content: { 'application/json': { schema: Shape } } }
  responses: { 200: { content: { 'application/json': { schema: Shape } } } }
}
export interface Description {
  info: { version: string; description: string }
  paths: Record<string, Partial<Record<'get' | 'post', Described>>>
}

/** An operation, as the page shows it. */
export interface Offered {
  name: string
  part: string
  summary: string
  method: 'GET' | 'POST'
  /** What a token needs for it; null: no token reaches it. `open`: nobody has to be signed in. */
  scope: string | null
  isOpen: boolean
  /** Of an administrative one. */
  right: string | undefined
  isConfirmed: boolean
  input: Shape
  answer: Shape | undefined
}

export function offeredBy({ paths }: Description): Offered[] {
  return Object.values(paths).flatMap((methods) =>
    Object.entries(methods).map(([method, one]) => {
      const token = one.security.find((way) => 'token' in way)
      return {
        name: one.operationId,
        part: one.tags[0]!,
        summary: one.summary,
        method: method === 'get' ? 'GET' : 'POST',
        scope: token?.['token']?.[0] ?? null,
        isOpen: one.security.length === 0,
        right: one['x-right']?.right,
        isConfirmed: one['x-confirmed'] ?? false,
        input: (one.requestBody?.content ?? one.parameters![0]!.content)['application/json'].schema,
        answer: one.responses[200].content['application/json'].schema.properties?.['data'],
      }
    }),
  )
}

/** What programs ask every day first, then what administrators do, then what is left to people. */
export function byPart(shown: readonly Offered[]): [part: string, operations: Offered[]][] {
  const rank = ([, operations]: [string, Offered[]]) =>
    operations.some(({ scope, right }) => scope !== null && right === undefined) ? 0 : operations.some(({ right }) => right) ? 1 : 2
  return [...Map.groupBy(shown, ({ part }) => part)].toSorted((one, other) => rank(one) - rank(other))
}

/** Which of them somebody looks for: all words, in the name, the sentence, or what it needs. */
export function found(all: readonly Offered[], text: string, scope: string): Offered[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return all.filter((one) => {
    const said = [one.name, one.summary, one.scope, one.right].join(' ').toLowerCase()
    return (scope === '' || one.scope === scope) && words.every((word) => said.includes(word))
  })
}

/** The least that the schema takes, with words where something has to be filled in. */
export function sampleOf(shape: Shape, name = ''): unknown {
  if (shape.const !== undefined) return shape.const
  if (shape.enum) return shape.enum[0]
  const choice = (shape.anyOf ?? shape.oneOf)?.[0]
  if (choice) return sampleOf(choice, name)
  switch (shape.type) {
    case 'object': {
      const needed = (shape.required ?? []).filter((field) => shape.properties?.[field]?.default === undefined)
      return Object.fromEntries(needed.map((field) => [field, sampleOf(shape.properties![field]!, field)]))
    }
    case 'array':
      return [sampleOf(shape.items ?? {}, name.replace(/s$/, ''))]
    case 'integer':
    case 'number':
      return Math.max(shape.minimum ?? 1, 1)
    case 'boolean':
      return true
    default:
      return name === 'clientId' ? uuid : `<${name || 'text'}>`
  }
}
/** The shell puts a new one in its place. */
const uuid = '$(uuidgen)'

/** For a terminal: `TOKEN` is set there, so that the secret is in no history. */
export function curlOf({ name, method, input, isOpen }: Offered, origin: string): string {
  const sample = JSON.stringify(sampleOf(input))
  const who = isOpen ? '' : ` -H "Authorization: Bearer $TOKEN"`
  const isEmpty = sample === '{}'
  if (method === 'GET') return `curl -G${who} '${origin}/api/${name}'${isEmpty ? '' : ` \\\n  --data-urlencode 'input=${quoted(sample)}'`}`
  return `curl${who} -H 'Content-Type: application/json' '${origin}/api/${name}' \\\n  -d '${quoted(sample).replace(uuid, `'"${uuid}"'`)}'`
}
const quoted = (text: string) => text.replaceAll("'", `'\\''`)

/** "text", "number or null", "list of …": a field in a word or two. */
export function kindOf(shape: Shape): string {
  if (shape.const !== undefined) return JSON.stringify(shape.const)
  if (shape.enum) return shape.enum.map((one) => JSON.stringify(one)).join(' | ')
  const choices = shape.anyOf ?? shape.oneOf
  if (choices) return [...new Set(choices.map(kindOf))].join(' | ')
  if (shape.type === 'array') return `${kindOf(shape.items ?? {})}[]`
  if (shape.format && shape.type === 'string') return shape.format
  return [shape.type ?? 'any'].flat().join(' | ')
}
