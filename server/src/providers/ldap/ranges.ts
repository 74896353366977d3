import { Trouble } from './trouble.ts'

/** An entry as the library has it. */
export interface Raw {
  dn: string
  [attribute: string]: unknown
}
/** These attributes of one entry. */
type Ask = (dn: string, attribute: string) => Promise<Raw | undefined>

const ranged = /^(.+);range=(\d+)-(\d+|\*)$/i
const mostValues = 1_000_000

/**
 * Active Directory says fifteen hundred values of an attribute at a time, as `member;range=0-1499`, and the next ones to whoever asks on
 * (MS-ADTS 3.1.1.3.1.3.3). A larger group would otherwise have no members here.
 */
export async function withAllValues(entry: Raw, ask: Ask): Promise<Raw> {
  const complete: Raw = { ...entry }
  for (const key of Object.keys(entry)) {
    const first = ranged.exec(key)
    if (!first) continue
    delete complete[key]
    complete[first[1]!] = await valuesOf(entry, first, ask)
  }
  return complete
}

async function valuesOf(entry: Raw, first: RegExpExecArray, ask: Ask): Promise<unknown[]> {
  const name = first[1]!
  let [here, part] = [entry, first]
  let values: unknown[] = []
  for (;;) {
    const [key, , from, to] = part
    values = values.concat([here[key]].flat())
    if (to === '*') return values
    const next = Number(to) + 1
    // Whoever says less than that, or the same again, is not asked for ever.
    if (Number(from) >= next || values.length !== next || next > mostValues) throw new Trouble('truncated')
    const more = await ask(entry.dn, `${name};range=${next}-*`)
    const said = Object.keys(more ?? {}).map((one) => ranged.exec(one))
    const follows = said.find((one) => one?.[1]!.toLowerCase() === name.toLowerCase() && Number(one[2]) === next)
    if (!more || !follows) throw new Trouble('truncated')
    ;[here, part] = [more, follows]
  }
}
