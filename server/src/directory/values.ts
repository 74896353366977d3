import {
  attributeKeys,
  catalogue,
  unlimited,
  type Attribute,
  type AttributeKey,
  type OwnValues,
  type Values,
  type ValuesChange,
} from '@atrium/protocol'

/** What the values of one account are made of. */
export interface Layers {
  /** What the hub says where nobody says anything: the catalogue, but for what its settings say. */
  defaults: Values
  /** What no account of the domain exceeds. */
  caps: Partial<Values>
  ofClass: OwnValues
  own: OwnValues
}
type Value = Values[AttributeKey]

/** The defaults of the catalogue, and `settings` in their place. */
export const defaultValues = (settings: Partial<Values> = {}): Values => ({
  ...(Object.fromEntries(attributeKeys.map((key) => [key, catalogue[key].default])) as unknown as Values),
  ...settings,
})

/** DIR-13  What holds for an account: its own value, else its class's, else the default; and never more than its domain allows. */
export function effective({ defaults, caps, ofClass, own }: Layers): Values {
  const said = { ...defaults, ...ofClass, ...own }
  for (const key of Object.keys(caps) as AttributeKey[]) put(said, key, capped(catalogue[key], said[key], caps[key]))
  return said
}

/** What an account would have without its own values. */
export const inherited = (layers: Layers): Values => effective({ ...layers, own: {} })

/** Those that would be something else without the domain's cap. */
export function decidedByCap(layers: Layers): AttributeKey[] {
  const [free, held] = [effective({ ...layers, caps: {} }), effective(layers)]
  return attributeKeys.filter((key) => !isSame(free[key], held[key]))
}

/** Null inherits again, what is not said stays, and what is the inherited value anyway is kept too: a class that changes moves it no more. */
export function changed(before: OwnValues, change: ValuesChange): OwnValues {
  const after = { ...before, ...change }
  return Object.fromEntries(Object.entries(after).filter(([, value]) => value !== null && value !== undefined)) as OwnValues
}

export const isSame = (one: Value | undefined, other: Value | undefined): boolean => JSON.stringify(one) === JSON.stringify(other)
/** Whether writing this would change nothing. */
export const isSameAs = (before: OwnValues, after: OwnValues): boolean => attributeKeys.every((key) => isSame(before[key], after[key]))

function capped({ cap }: Attribute, value: Value, most: Value | undefined): Value {
  if (most === undefined || most === null) return value
  switch (cap) {
    case 'none':
      return value
    case 'and':
      return value && most
    case 'subset':
      return (value as string[]).filter((one) => (most as string[]).includes(one)) as Value
    case 'least':
      if (most === unlimited) return value
      return value === unlimited ? most : Math.min(value as number, most as number)
  }
}

const put = <K extends AttributeKey>(into: Values, key: K, value: Value) => void (into[key] = value as Values[K])
