import { z } from 'zod'
import { cookieName, scopeOf } from '@atrium/platform'
import { statusOf } from '@atrium/platform/http'
import { errorCodes, type Contract, type Operation } from '@atrium/protocol'
import { fieldWords, summaries } from '@atrium/protocol/summaries'

/**
 * The contract as other programs read it: OpenAPI 3.1, made from the schemas that also check every call. What is of OpenAPI only
 * by its extensions: `x-right`, which right an administrative operation asks for, and `x-confirmed`, that it asks for the password.
 */
export function openApi(contract: Contract, version: string) {
  const operations = Object.entries(contract).filter((entry): entry is [string, Operation] => ['query', 'command'].includes(entry[1].kind))
  const atThisDoor = operations.filter(([, { terms }]) => terms.door !== 'socket')
  return {
    openapi: '3.1.0',
    info: {
      title: 'Atrium',
      version,
      description: introduction,
      license: { name: 'AGPL-3.0-or-later', identifier: 'AGPL-3.0-or-later' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(atThisDoor.map(([name]) => partOf(name)))].map((name) => ({ name })),
    paths: Object.fromEntries(atThisDoor.map(([name, operation]) => [`/api/${name}`, pathOf(name, operation)])),
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'A token for scripts, or an application password: made by a person, under Me.',
        },
        application: { type: 'http', scheme: 'basic', description: 'An application password, with the address of its person.' },
        session: { type: 'apiKey', in: 'cookie', name: cookieName, description: 'The session of a browser.' },
      },
      schemas: { Failure: failure },
      responses: Object.fromEntries(errorCodes.map((code) => [code, refusal(code)])),
    },
  }
}

const introduction = `A query reads: \`GET /api/<name>?input=<JSON>\`, with plain parameters (\`?limit=5\`) where the input has no deeper places, or \
\`POST\` where it is too long for an address. A command changes: \`POST /api/<name>\` with JSON. Its \`clientId\` is a new UUID for each; the same \
again is the same command, done once. Answers are \`{"ok":true,"data":…}\` or \`{"ok":false,"error":{"code":…,"key":…}}\`; with a \
\`Retry-After\` where it helps to wait. Which scope a token needs stands in \`security\`; what has only \`session\` there no token reaches.`

const partOf = (name: string) => name.split('.')[0]!

const schemaOf = (schema: z.ZodType, io: 'input' | 'output') => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}
/** The fields of an input, with what their names do not say. */
function described(schema: z.ZodType) {
  const shape = schemaOf(schema, 'input') as { properties?: Record<string, object> }
  if (!shape.properties) return shape
  const properties = Object.entries(shape.properties).map(([name, of]) => [
    name,
    fieldWords[name] ? { description: fieldWords[name], ...of } : of,
  ])
  return { ...shape, properties: Object.fromEntries(properties) }
}
const json = (schema: unknown) => ({ 'application/json': { schema } })
const failure = {
  type: 'object',
  required: ['code', 'key'],
  properties: {
    code: { enum: errorCodes },
    key: { type: 'string', description: 'Of the sentence for people.' },
    params: { type: 'object' },
    field: { type: 'string' },
    retryAfterMs: { type: 'number' },
    ref: { type: 'string', description: 'The log has the same.' },
  },
}
const refusal = (code: string) => ({
  description: code,
  content: json({
    type: 'object',
    required: ['ok', 'error'],
    properties: { ok: { const: false }, error: { $ref: '#/components/schemas/Failure' } },
  }),
})

/** Who may call it: by a token with this scope, by an application password where that goes so far, or by a session alone. */
function securityOf(name: string, operation: Operation): Record<string, string[]>[] {
  if (operation.terms.open) return []
  const scope = scopeOf(name, operation)
  if (scope === undefined || operation.terms.door) return [{ session: [] }]
  const isAdministrative = scope.startsWith('administration:')
  return [{ token: [scope] }, ...(isAdministrative ? [] : [{ application: [scope] }]), { session: [] }]
}

function pathOf(name: string, operation: Operation) {
  const { kind, input, output, terms } = operation
  const common = {
    operationId: name,
    summary: summaries[name as keyof typeof summaries],
    tags: [partOf(name)],
    security: securityOf(name, operation),
    ...(terms.needs && { 'x-right': { right: terms.needs.right, on: terms.needs.on } }),
    ...(terms.confirmed && { 'x-confirmed': true }),
    responses: {
      200: {
        description: 'Done.',
        content: json({ type: 'object', required: ['ok', 'data'], properties: { ok: { const: true }, data: schemaOf(output, 'output') } }),
      },
      ...Object.fromEntries(errorCodes.map((code) => [statusOf[code], { $ref: `#/components/responses/${code}` }])),
    },
  }
  if (kind === 'command') return { post: { ...common, requestBody: { required: true, content: json(described(input)) } } }
  const isRequired = !input.safeParse({}).success
  return { get: { ...common, parameters: [{ name: 'input', in: 'query', required: isRequired, content: json(described(input)) }] } }
}
