import { z } from 'zod'
import { statusOf } from '@atrium/platform/http'
import { errorCodes, type Contract, type Operation } from '@atrium/protocol'

/** The contract as other programs read it: OpenAPI 3.1, made from the schemas that also check every call. */
export function openApi(contract: Contract, version: string) {
  const operations = Object.entries(contract).filter((entry): entry is [string, Operation] => ['query', 'command'].includes(entry[1].kind))
  const atThisDoor = operations.filter(([, { terms }]) => terms.door !== 'socket')
  return {
    openapi: '3.1.0',
    info: {
      title: 'Atrium',
      version,
      description: 'A query reads. A command changes; its clientId makes repeating it safe.',
      license: { name: 'AGPL-3.0-or-later', identifier: 'AGPL-3.0-or-later' },
    },
    paths: Object.fromEntries(atThisDoor.map(([name, operation]) => [`/api/${name}`, pathOf(name, operation)])),
    components: {
      securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: 'atrium' } },
      schemas: { Failure: failure },
      responses: Object.fromEntries(errorCodes.map((code) => [code, refusal(code)])),
    },
  }
}

const schemaOf = (schema: z.ZodType, io: 'input' | 'output') => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
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

function pathOf(name: string, { kind, input, output, terms }: Operation) {
  const operation = {
    operationId: name,
    tags: [name.split('.')[0]],
    security: terms.open ? [] : [{ session: [] }],
    responses: {
      200: {
        description: 'Done.',
        content: json({ type: 'object', required: ['ok', 'data'], properties: { ok: { const: true }, data: schemaOf(output, 'output') } }),
      },
      ...Object.fromEntries(errorCodes.map((code) => [statusOf[code], { $ref: `#/components/responses/${code}` }])),
    },
  }
  if (kind === 'command') return { post: { ...operation, requestBody: { required: true, content: json(schemaOf(input, 'input')) } } }
  return { get: { ...operation, parameters: [{ name: 'input', in: 'query', required: false, content: json(schemaOf(input, 'input')) }] } }
}
