import { z } from 'zod'
import {
  attributeKeys,
  cappedKeys,
  catalogue,
  ownKeys,
  unlimited,
  type Attribute,
  type AttributeKey,
  type Values as Everything,
} from './attributes.ts'
import { verbatim } from './text.ts'

// A browser that shows a form loads the attributes alone: their schemas bring zod.
export * from './attributes.ts'

const isTimeZone = (zone: string) => zone === 'auto' || Intl.supportedValuesOf('timeZone').includes(zone) || zone === 'UTC'
function schemaOf(attribute: Attribute): z.ZodType {
  switch (attribute.type) {
    case 'boolean':
      return z.boolean()
    case 'choice':
      return z.enum(attribute.choices as [string, ...string[]])
    case 'choices':
      return z.array(z.enum(attribute.choices as [string, ...string[]])).max(attribute.choices.length)
    case 'text':
      return verbatim(attribute.max)
    case 'timeZone':
      return z.string().max(64).refine(isTimeZone, 'not_a_time_zone')
    default: {
      const number = z.int().min(attribute.min).max(attribute.max)
      return attribute.mayBeUnlimited ? z.union([number, z.literal(unlimited)]) : number
    }
  }
}

const shape = (wrap: (schema: z.ZodType) => z.ZodType, keys: readonly AttributeKey[] = attributeKeys) =>
  z.strictObject(Object.fromEntries(keys.map((key) => [key, wrap(schemaOf(catalogue[key]))])))
type Loose<S> = z.ZodType<S, S>

/** All of them, as they hold for somebody. */
export const Values = shape((schema) => schema) as unknown as Loose<Everything>
export type Values = Everything
/** What is set in one place: what is not there is inherited. */
export const OwnValues = shape((schema) => schema.optional()) as unknown as Loose<Partial<Values>>
export type OwnValues = Partial<Values>
/** Null: inherit again. Absent: untouched. */
export const ValuesChange = shape((schema) => schema.nullable().optional()) as unknown as Loose<{ [K in AttributeKey]?: Values[K] | null }>
export type ValuesChange = { [K in AttributeKey]?: Values[K] | null }
/** What a domain may cap. */
export const Caps = shape((schema) => schema.optional(), cappedKeys) as unknown as Loose<Partial<Values>>
/** Null: not capped any more. Absent: untouched. */
export const CapsChange = shape((schema) => schema.nullable().optional(), cappedKeys) as unknown as Loose<ValuesChange>
/** What somebody may change of their own. */
export const OwnChange = shape((schema) => schema.nullable().optional(), ownKeys) as unknown as Loose<ValuesChange>
